import { Command, Option } from 'commander';
import type { Config } from '../config.js';
import type { DemoOptions } from '../demo/play-demo.js';
import { devFilePath, readDevFile } from '../dev/dev-file.js';
import { JSON_OPTION, note, print } from './output.js';

interface DemoFlags {
  readonly url?: string;
  readonly token?: string;
  readonly adminToken?: string;
  readonly instance?: string;
  readonly family: 'OIN' | 'AIW';
  readonly seed?: string;
  readonly json?: boolean;
}

type Target = Pick<DemoOptions, 'scimUrl' | 'scimToken' | 'adminUrl' | 'adminToken' | 'instance'>;

/** `roster demo`: a simulated Okta with twelve people. Exit code 0 only if all came out as the rules say. */
export const demoCommand = (config: Config): Command =>
  new Command('demo')
    .description('play Okta with twelve people against a Roster, by default that of a running "roster dev"')
    .option('--url <url>', 'the SCIM base URL')
    .option('--token <token>', 'a SCIM token')
    .option('--admin-token <token>', 'an operator token, to see what became of the accounts')
    .option('--instance <slug>', "the SCIM token's instance")
    .addOption(
      new Option('--family <family>', "which of Okta's client families").choices(['OIN', 'AIW']).default('OIN'),
    )
    .option('--seed <text>', 'fixes the order in which people are assigned')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Examples, the first beside a running "npm run dev":
  $ roster demo
  $ roster demo --url https://roster.example/scim/v2 --token rst_… --admin-token rst_… --instance acme`,
    )
    .action(async (flags: DemoFlags) => {
      const { family, seed, json } = flags;
      const target = await targetOf(config, flags);
      const say = json === true ? note : print;
      const { playDemo } = await import('../demo/play-demo.js');
      const result = await playDemo({ ...target, family, seed, say });
      if (json === true) print(JSON.stringify(result, null, 2));
      if (!result.ok) process.exitCode = 1;
    });

/**
 * What was given, and for the rest the `roster dev` on this home, unless the URL given is another Roster's: its tokens are
 * not to be sent there.
 */
async function targetOf(config: Config, flags: DemoFlags): Promise<Target> {
  const dev = await readDevFile(devFilePath(config));
  const url = flags.url === undefined ? undefined : urlOf(flags.url);
  const known =
    dev !== undefined && (url === undefined || url.origin === new URL(dev.scimUrl).origin) ? dev : undefined;
  const given = {
    url: url?.href ?? known?.scimUrl,
    token: flags.token ?? known?.scimToken,
    'admin-token': flags.adminToken ?? known?.adminToken,
    instance: flags.instance ?? known?.instance,
  };
  const { url: scimUrl, token: scimToken, 'admin-token': adminToken, instance } = given;
  if (scimUrl === undefined || scimToken === undefined || adminToken === undefined || instance === undefined) {
    const missing = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [`--${name}`] : []));
    const other =
      flags.url === undefined ? 'Start "roster dev" in another terminal, or give' : 'For that URL give also';
    throw new Error(`There is no Roster to play against. ${other} ${missing.join(', ')}.`);
  }
  const adminUrl = url === undefined && known !== undefined ? known.adminUrl : `${new URL(scimUrl).origin}/admin/v1`;
  return { scimUrl, scimToken, adminUrl, adminToken, instance };
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new Error(`--url "${text}" is no URL; give one such as http://127.0.0.1:8080/scim/v2.`);
  }
  return url;
}
