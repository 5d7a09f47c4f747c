// Loaded before the command: ends the process for good when it has brought a file to the disk so many times.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { fsyncSync } = fs;
let left = Number(process.env.KILL_AFTER);
fs.fsyncSync = (file) => {
  fsyncSync(file);
  left--;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
};
syncBuiltinESMExports();
