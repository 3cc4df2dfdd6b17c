// One scenario in a process of its own: node --import hook.ts scenario-main.ts SCENARIO URL FOLDER.
// It leaves a history and what the checker needs in the folder; see planted.int.spec.ts.
import { scenarios } from './scenarios.ts';
import { World } from './world.ts';

const [name = '', url = '', folder = ''] = process.argv.slice(2);
const scenario = scenarios[name];
if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
const world = await World.open(url, folder);
await scenario(world);
await world.close();
