// Offers real servers to *.int.spec.ts and *.e2e.spec.ts; they start when a spec asks for them.
import { setUp } from '../libs/testkit/src/jest-global-setup.ts';

export default async () => {
  // Workers get it with the rest of the environment.
  // biome-ignore lint/style/noProcessEnv: jest has no other way to hand something to its workers.
  process.env.NOVA_TEST_SERVERS = await setUp();
};
