import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { commandsOf } from '../../src/commands/index.js';
import { readConfig } from '../../src/config.js';

/** What has no result to print, or one that is text already. */
const WITHOUT_JSON = ['dev', 'server', 'worker', 'audit export'];

const commands = commandsOf(readConfig({}));

/** Those that do something, by their whole names. */
const leaves = (command: Command, before = ''): [name: string, command: Command][] => {
  const name = `${before}${command.name()}`;
  return command.commands.length === 0
    ? [[name, command]]
    : command.commands.flatMap((inner) => leaves(inner, `${name} `));
};

/** Those that hold others. */
const groups = (command: Command, before = ''): [name: string, command: Command][] => {
  const name = `${before}${command.name()}`;
  return command.commands.length === 0
    ? []
    : [[name, command], ...command.commands.flatMap((inner) => groups(inner, `${name} `))];
};

const helpOf = (command: Command): string => {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  return help;
};

describe('the help of', () => {
  for (const [name, command] of commands.flatMap((each) => groups(each))) {
    it(`${name} has an example of one of its commands`, () => {
      assert.match(helpOf(command), new RegExp(`\\n  \\$ roster ${name} \\w+`));
    });
  }

  for (const [name, command] of commands.flatMap((each) => leaves(each))) {
    it(`${name} has an example, and --json where there is a result`, () => {
      const help = helpOf(command);
      assert.match(help, new RegExp(`\\n  \\$ .*\\broster ${name}\\b`));
      assert.equal(help.includes('--json'), !WITHOUT_JSON.includes(name));
    });
  }

  it('every command is in the README', async () => {
    const text = await readFile(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
    const table = text.slice(text.indexOf('## Commands'), text.indexOf('What prints a result'));
    for (const command of commands) {
      assert.match(table, new RegExp(`^\\| .*\`${command.name()}[\` ]`, 'm'), command.name());
      for (const inner of command.commands) assert.match(table, new RegExp(`\`${command.name()} .*${inner.name()}\``));
    }
  });
});
