import { offerServers, type RunServers } from './run-servers.ts';

let servers: RunServers | undefined;

/** Called by jest once per run, before the first spec; returns where specs ask for servers. */
export async function setUp(): Promise<string> {
  servers ??= await offerServers();
  return servers.address;
}

/** Called by jest once per run, after the last spec. */
export async function tearDown(): Promise<void> {
  await servers?.stop();
  servers = undefined;
}
