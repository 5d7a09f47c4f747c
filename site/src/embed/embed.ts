import { WhittleLab } from './element.ts';

// A page may load this twice.
if (customElements.get('whittle-lab') === undefined) customElements.define('whittle-lab', WhittleLab);
