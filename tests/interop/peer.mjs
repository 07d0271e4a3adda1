// Talks to a program that answers one line for each line, and counts checks in the Test Anything Protocol.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Peer {
  constructor(program, args = []) {
    this.child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.waiting = [];
    this.count = 0;
    this.bad = 0;
    createInterface({ input: this.child.stdout, crlfDelay: Infinity }).on('line', (line) => this.waiting.shift()(line));
    this.child.on('exit', (code, signal) => {
      if (this.waiting.length > 0) {
        console.log(`Bail out! ${program} ended with ${signal ?? code} before it answered`);
        process.exit(1);
      }
    });
  }
  // The words of the answer to one command.
  ask(...words) {
    return new Promise((resolve) => {
      this.waiting.push((line) => resolve(line.split(' ')));
      this.child.stdin.write(words.join(' ') + '\n');
    });
  }
  check(name, good) {
    this.count++;
    if (!good)
      this.bad++;
    console.log(`${good ? 'ok' : 'not ok'} ${this.count} - ${name}`);
  }
  done() {
    this.child.stdin.end();
    console.log(`1..${this.count}`);
    process.exitCode = this.bad ? 1 : 0;
  }
}
