import {readFileSync} from 'node:fs';
import test from 'ava';
import type {AttestationVariant} from '../../src/config/attestation-keys.ts';
import {editProvider} from '../../src/config/edit-provider.ts';
import {configWarnings, editConfig, parseConfig} from '../../src/config/load.ts';
import {variantOf} from '../../src/config/provider.ts';
import {AppError} from '../../src/errors.ts';

type Case = {
	id: string;
	yaml: string;
	verdict: 'valid' | 'invalid' | 'unreadable' | 'crash';
	errors?: {path: string; rule: string}[];
	attestationVariant?: AttestationVariant;
};

const {cases} = JSON.parse(readFileSync('test/fixtures/wire/config/validation.json', 'utf8')) as {cases: Case[]};

/** Where this tool says something else than the original did, and why. */
const deviations: Readonly<Record<string, string>> = {
	'top/image-missing': 'a config may name no image; then apply stops after the infrastructure',
	'top/name-37': 'machines of Azure and Google Cloud have shorter names',
	'top/name-odd': 'no cloud takes such a name',
	'top/aws-name-10': 'the load balancers of AWS have shorter names',
	'attestation/mismatch': 'the variant is one of another cloud',
	'attestation/tdx-and-vtpm': 'two sections are two sections',
	'measurements/index-string': 'YAML keys are texts',
	'aws/zone-4': 'there are zones with other letters',
	'azure-snp/microcodeVersion-4': 'the original cut numbers off',
	'azure-snp/microcodeVersion-6': 'the original cut numbers off',
	'azure-snp/bootloaderVersion-7': 'the original took any firmware then',
	'azure-snp/maaURL-18': 'the address may be said',
	'gcp/region-1': 'x is no region',
	'qemu/vcpus-3': 'there are no negative numbers of processors',
	'file/two-documents': 'the second would be ignored without a word',
};

function problemsOf(text: string): Map<string, string> {
	try {
		parseConfig(text);
		return new Map();
	} catch (error) {
		if (error instanceof AppError)
			return new Map([
				['', error.code],
				...error.problems.map(({path, message, fix}) => [path, `${message}; ${fix ?? ''}`] as const),
			]);
		throw error;
	}
}

test('configs of v2.9 are taken or refused as the original did, but for stated differences', t => {
	t.is(cases.length, 135);
	for (const {id, yaml, verdict, attestationVariant} of cases) {
		const problems = problemsOf(yaml);
		const said = JSON.stringify([...problems]);
		t.is(problems.size === 0, (verdict === 'valid') === !(id in deviations), `${id}: ${said}`);
		if (problems.size === 0 && attestationVariant !== undefined) t.is(variantOf(parseConfig(yaml)), attestationVariant, id);
	}
});

test('what the original found wrong is named at the same place', t => {
	const words: Record<string, string> = {'provider.Provider': 'provider', 'attestation.Attestation': 'attestation'};
	for (const {id, yaml, errors = []} of cases) {
		if (id in deviations || id.startsWith('top/version')) continue;
		const found = [...problemsOf(yaml).keys()];
		for (const {path, rule} of errors) {
			// Without an image there is a cluster of machines that wait for one.
			if (path === 'image' && rule === 'required') continue;
			const place = words[path] ?? path;
			t.true(
				found.some(each => each === place || each.startsWith(`${place}.`) || place.startsWith(`${each}.`)),
				`${id}: ${place} is not among ${found.join(', ')}`,
			);
		}
	}
});

test('removed keys say what to do, and an unlucky policy is a warning', t => {
	const caseOf = (id: string) => cases.find(each => each.id === id)?.yaml ?? '';
	t.regex(problemsOf(caseOf('azure/appClientID-15')).get('provider.azure.appClientID') ?? '', /userAssignedIdentity/);
	t.regex(problemsOf(caseOf('azure/clientSecretValue-16')).get('provider.azure.clientSecretValue') ?? '', /revoke the secret/);
	t.regex(problemsOf(caseOf('provider/stackit-key')).get('provider.stackit') ?? '', /cloud: stackit/);
	t.regex(problemsOf(caseOf('azure/instanceType-9')).get('provider.azure.instanceType') ?? '', /use Standard_DC4as_v5/);
	t.regex(problemsOf(caseOf('azure/tl-cvm-type')).get('provider.azure.instanceType') ?? '', /it can run azure-sev-snp/);
	const warnings = configWarnings(parseConfig(caseOf('measurements/warn-yes')));
	t.true(warnings.some(text => /enforces no register/.test(text)));
	t.true(warnings.some(text => /archived original/.test(text)));
	t.true(configWarnings(parseConfig(caseOf('valid/stackit'))).some(text => /password holds a secret/.test(text)));
	t.false(JSON.stringify(parseConfig(caseOf('valid/stackit'))).includes('pass word'));
});

test('a config of v2.9 that is written again says what it said: digits, spelling and indentation stay', t => {
	const name = [{path: ['name'], value: 'other'}];
	for (const id of ['measurements/unquoted-zeros', 'measurements/warn-yes', 'top/k8s-float', 'valid/aws-sev-snp']) {
		const yaml = (cases.find(each => each.id === id)?.yaml ?? '').replace(/^ +/gm, indent => indent.repeat(2));
		const changed = editConfig(yaml, name)
			.split('\n')
			.filter((line, index) => line.replaceAll('"', '') !== yaml.split('\n')[index]?.replaceAll('"', ''));
		t.deepEqual(changed, ['name: other'], id);
	}
	const zeros = cases.find(({id}) => id === 'measurements/unquoted-zeros')?.yaml ?? '';
	t.true(editProvider(zeros, 'gcp', {serviceAccount: 'n@p.iam.gserviceaccount.com'}).includes(`expected: "${'0'.repeat(64)}"`));
});
