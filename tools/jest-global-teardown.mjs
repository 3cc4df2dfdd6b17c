// Ends the servers of jest-global-setup.mjs and deletes their data.
import { tearDown } from '../libs/testkit/src/jest-global-setup.ts';

export default tearDown;
