import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {AppError, exitCodes} from '../../errors.ts';
import {clusterFolder, controlSocket} from '../../providers/local/cluster-folder.ts';
import {localNodeGroups} from '../../providers/local/node-groups.ts';
import {snapshotStore} from '../../providers/local/snapshot.ts';
import type {NodeGroup} from '../../providers/node-groups.ts';
import {dataHome as dataHomeOf} from '../../releases/data-home.ts';
import {checkImage, type Image, listImages, loadImage} from '../../releases/image.ts';
import type {ImageCandidate} from '../../upgrade/versions.ts';
import {version as toolVersion} from '../../version.ts';
import type {Dependencies} from '../dependencies.ts';
import {openWorkspace} from '../session.ts';
import {imageSources, type SystemOptions} from '../system.ts';
import {trustWorld} from '../trust-world.ts';
import {type VouchWishes, vouchFor} from '../vouched.ts';

/** What upgrades need of the world beside what every flow needs. */
export type UpgradeDependencies = Dependencies & {
	/** Every image that there is, and that of the tool. */
	candidates: () => Promise<ImageCandidate[]>;
	/** An image whose files were compared with what was signed; none is made. */
	intactImage: (version: string) => Promise<Image>;
	groups: (uid: string) => Promise<NodeGroup[]>;
	/** Copies the store of the control plane, values still encrypted, to a new file (0600). */
	snapshot: (uid: string, file: string) => Promise<void>;
};

/** For commands that only look. */
export async function openUpgrade(place: SystemOptions, wishes?: VouchWishes): Promise<UpgradeDependencies> {
	return withUpgrade(await openWorkspace(place), place, wishes);
}

export function withUpgrade(deps: Dependencies, {env}: SystemOptions, wishes: VouchWishes = {}): UpgradeDependencies {
	const dataHome = dataHomeOf(env);
	return {
		...deps,
		candidates: () => candidatesIn(dataHome),
		intactImage: version => intactImage(version, dataHome),
		vouch: (image, trust) => vouchFor(image, {workspace: deps.workspace, trust, ...wishes}, trustWorld(env)),
		groups: uid => localNodeGroups(controlSocket(dataHome, uid)).list(),
		snapshot: (uid, file) => snapshotStore(clusterFolder(dataHome, uid), file),
	};
}

async function candidatesIn(dataHome: string): Promise<ImageCandidate[]> {
	const images = await listImages(dataHome);
	const program = createHash('sha256')
		.update(await readFile(imageSources().bundle))
		.digest('hex');
	const found = await Promise.all(
		images.map(async ({version, problem}): Promise<ImageCandidate> => {
			const ownProgram = problem === undefined && (await loadImage({version, dataHome})).manifest.source === program;
			return {version, problem, ownProgram};
		}),
	);
	const own = `v${toolVersion}`;
	if (found.some(({version}) => version === own)) return found;
	const problem = `it is not made yet: constellation image make --version ${own}`;
	return [...found, {version: own, problem, ownProgram: true}];
}

async function intactImage(version: string, dataHome: string): Promise<Image> {
	const {image, checks} = await checkImage({version, dataHome});
	const broken = checks.filter(({ok}) => !ok);
	if (broken.length === 0) return image;
	throw new AppError(`Image ${version} is not what was signed: its nodes would be refused.`, {
		code: 'image-changed',
		exitCode: exitCodes.refused,
		problems: broken.map(({what, expected, actual}) => ({path: what, message: `register value ${actual}, signed ${expected}`})),
		next: [`Remove ${image.folder} and make the image again.`],
	});
}
