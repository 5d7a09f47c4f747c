import { mount } from 'svelte';
import App from './shell/App.svelte';
import './style.css';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has an element with the id app.');
// What was to be seen before any code ran.
target.replaceChildren();
mount(App, { target });
