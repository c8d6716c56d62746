import {createHash} from 'node:crypto';
import {chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {createAuthority, generateKeys, issueCertificate} from '../../src/keys/pki.ts';
import {buildKubeconfig} from '../../src/kubernetes/kubeconfig.ts';
import {wireCases} from './wire.ts';

/** A workspace as v2.9.1 leaves it after `create`, and what Terraform gave it. */
type Created = {
	id: string;
	ok: boolean;
	configYaml: string;
	constellationIdJson: string;
	terraformTfvars: string;
	filesAfterwards: string[];
	terraformOutputs: Record<string, string>;
};

export const createdWorkspaces: readonly Created[] = wireCases<Created>('create/terraform-tfvars.json').filter(({ok}) => ok);

/** A secret that stands in files of the workspace and may stand nowhere else. */
export const canary = 'canary-aB3_%@xYz0123456789';

export const originalSecret = {key: Buffer.alloc(32, 0x4b), salt: Buffer.alloc(32, 0x53)};

type Knobs = {
	/** Text of the config, made from the recorded one. */
	config?: (text: string) => string;
	id?: Record<string, unknown>;
	/** Further files by name; undefined leaves one of the usual ones out. */
	files?: Readonly<Record<string, string | undefined>>;
	/** Whether init ran; on by default. */
	initialised?: boolean;
	kubeconfig?: string;
};

export const clusterId = 'd3'.repeat(32);

/** Writes a workspace of v2.9 for a recorded case, with all files that it has after `init` and an upgrade; gives its folder. */
export function originalFolder(
	id: string,
	{config = text => text, id: ids = {}, files = {}, initialised = true, kubeconfig}: Knobs = {},
): string {
	const created = createdWorkspaces.find(each => each.id === id);
	if (created === undefined) throw new Error(`nothing was recorded as ${id}`);
	const folder = mkdtempSync(path.join(tmpdir(), 'v29-'));
	const written = JSON.parse(created.constellationIdJson) as Record<string, unknown>;
	const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
	const names = created.filesAfterwards.filter(name => name.startsWith('constellation-terraform/'));
	const all: Record<string, string | undefined> = {
		...Object.fromEntries(names.map(name => [name, `# ${name}\n`])),
		'constellation-terraform/terraform.tfvars': created.terraformTfvars,
		'constellation-terraform/terraform.tfstate': terraformState(created.terraformOutputs),
		'constellation-terraform/terraform.tfstate.backup': terraformState(created.terraformOutputs, 1),
		'constellation-upgrade/upgrade-20230801120000-0a1b2c3d/backups/crds/nodeversions.yaml': 'kind: CustomResourceDefinition\n',
		'constellation-conf.yaml': config(created.configYaml),
		'constellation-id.json': JSON.stringify(
			{...(initialised ? {clusterID: clusterId} : {}), ...written, ...ids},
			undefined,
			'\t',
		),
		...(initialised
			? {'constellation-mastersecret.json': JSON.stringify({key: base64(originalSecret.key), salt: base64(originalSecret.salt)})}
			: {}),
		...(kubeconfig === undefined ? {} : {'constellation-admin.conf': kubeconfig}),
		...files,
	};
	for (const [name, text] of Object.entries(all)) {
		if (text === undefined) continue;
		const file = path.join(folder, name);
		mkdirSync(path.dirname(file), {recursive: true, mode: 0o700});
		writeFileSync(file, text, {mode: 0o600});
	}
	chmodSync(path.join(folder, 'constellation-terraform'), 0o700);
	return folder;
}

/** A state with resources by type, secrets inside, as Terraform writes it. */
export function terraformState(outputs: Record<string, string>, serial = 12, uid = outputs['uid'] ?? ''): string {
	const provider = 'provider["registry.terraform.io/hashicorp/aws"]';
	const resource = (type: string, count: number, mode = 'managed') => ({
		module: 'module.instance_group["control_plane_default"]',
		mode,
		type,
		name: 'this',
		provider,
		instances: Array.from({length: count}, (_, index_key) => ({index_key, attributes: {id: `x-${index_key}`, password: canary}})),
	});
	return JSON.stringify({
		version: 4,
		terraform_version: '1.5.7',
		serial,
		lineage: '0f0f0f0f-0000-4000-8000-000000000000',
		outputs: Object.fromEntries(
			Object.entries({...outputs, uid, initSecret: canary}).map(([name, value]) => [name, {value, type: 'string'}]),
		),
		resources: [
			resource('aws_lb_listener', 5),
			resource('aws_lb_target_group', 5),
			resource('aws_autoscaling_group', 2),
			resource('aws_availability_zones', 1, 'data'),
			resource('aws_eip', 0),
			resource('random_password', 1),
		],
	});
}

/** Everything about a folder that could change: names, modes, times and bytes. */
export function folderPrint(folder: string, relative = ''): Record<string, string> {
	const place = path.join(folder, relative);
	const {mode, mtimeMs, ino} = lstatSync(place);
	const own = {[relative]: `${mode} ${mtimeMs} ${ino}`};
	if (!lstatSync(place).isDirectory())
		return {[relative]: `${own[relative] ?? ''} ${createHash('sha256').update(readFileSync(place)).digest('hex')}`};
	return Object.assign(own, ...readdirSync(place).map(name => folderPrint(folder, path.join(relative, name)))) as Record<
		string,
		string
	>;
}

/** A kubeconfig of the administrator as the bootstrapper gives it, with a certificate of our own. */
export function adminFile(server: string): string {
	const authority = createAuthority({commonName: 'kubernetes'});
	const keys = generateKeys();
	const cert = issueCertificate(authority, {
		subject: {commonName: 'constell-1a2b3c04-admin', organization: 'system:masters'},
		publicKey: keys.publicKey,
		usages: ['clientAuth'],
		days: 365,
	});
	return Buffer.from(
		buildKubeconfig('constell', '1a2b3c04', {server, ca: authority.certificate, cert, key: keys.privateKey}).reveal(),
	).toString();
}
