import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Networks of IPv4 that are nobody's application but ours, or nobody's at all (RFC 6890 and the later ones). */
const PRIVATE_IPV4: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
/** Of IPv6 all is somebody's own but the global unicast addresses, less these. */
const GLOBAL_IPV6 = ['2000::', 3] as const;
const PRIVATE_IPV6: readonly (readonly [network: string, prefix: number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
];
/** An IPv4 address written as IPv6. */
const MAPPED_IPV4 = ['::ffff:0:0', 96] as const;

const blocked = new BlockList();
for (const [network, prefix] of PRIVATE_IPV4) blocked.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of PRIVATE_IPV6) blocked.addSubnet(network, prefix, 'ipv6');
const possible = new BlockList();
for (const [network, prefix] of [GLOBAL_IPV6, MAPPED_IPV4]) possible.addSubnet(network, prefix, 'ipv6');

/** True for an address that an application of somebody else's cannot have. An IPv4 address written as IPv6 is what it stands for. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return true;
  if (family === 4) return blocked.check(address, 'ipv4');
  return !possible.check(address, 'ipv6') || blocked.check(address, 'ipv6');
}

/** The host leads into a private network, or nowhere. */
export class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';

  constructor(host: string) {
    super(`${host} leads into a private network, where Roster calls nobody.`);
  }
}

/**
 * Looks a host up for the very connection that is made next, so that no later answer of a name server leads elsewhere; what is
 * private is refused, where one of several addresses is too.
 */
export const publicLookup: LookupFunction = (host, options, callback) => {
  dnsLookup(host, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    const [first] = addresses ?? [];
    if (error !== null) callback(error, '', 0);
    else if (first === undefined || addresses.some(({ address }) => isPrivateAddress(address))) {
      callback(new PrivateAddressError(host), '', 0);
    } else if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};
