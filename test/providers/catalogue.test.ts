import test from 'ava';
import {instanceTypes} from '../../src/commands/config-offers.ts';
import type {CommandContext} from '../../src/commands/types.ts';
import {catalogueOf, expand} from '../../src/providers/catalogue.ts';
import {catalogues, cloudIds} from '../../src/providers/catalogues.ts';

test('every fact has a source with a date and an address', t => {
	for (const cloud of cloudIds) {
		const {variants, instanceTypes, regions, diskTypes} = catalogues[cloud];
		t.true(variants.length > 0, cloud);
		const facts = [...variants.flatMap(instanceTypes), ...regions(), ...diskTypes];
		for (const {name, source} of facts) {
			t.regex(source.date, /^20\d\d-(?:0[1-9]|1[0-2])$/, name);
			t.true(URL.canParse(source.url) && source.url.startsWith('https://'), name);
			t.truthy(source.document, name);
		}
		const names = (list: readonly {name: string}[]) => list.map(({name}) => name);
		for (const variant of variants) t.is(new Set(names(instanceTypes(variant))).size, instanceTypes(variant).length, variant);
		for (const region of regions()) for (const variant of region.variants) t.true(variants.includes(variant), region.name);
		for (const {name, zones} of regions())
			if (cloud === 'aws' || cloud === 'gcp') t.true(zones.length > 0 && zones.every(zone => zone.startsWith(name)), name);
	}
	t.throws(
		() =>
			catalogueOf(
				{sources: {}, offers: [], families: [], regions: [], diskTypes: [{name: 'x', detail: '', source: 'y'}]},
				{title: 'T', variants: []},
			),
		{message: /no source y/},
	);
});

test('what was not read in the source itself is said where sources are listed', async t => {
	const context = {} as CommandContext;
	const {lines} = await instanceTypes(context, {argument: 'azure', flags: {}});
	t.true(
		lines.some(line => /\(2025-04; the v5 series, a preview, are no longer listed\)$/.test(line)),
		lines.join('\n'),
	);
});

test('a type fits the variant, or there is a reason and what to do', t => {
	const cases: [(typeof cloudIds)[number], string, string, string | undefined, true | RegExp, boolean?][] = [
		['aws', 'aws-sev-snp', 'm6a.xlarge', 'eu-west-1', true],
		['aws', 'aws-sev-snp', 'm6a.xlarge', 'eu-central-1', /eu-central-1 is not known to offer aws-sev-snp/, false],
		['aws', 'aws-sev-snp', 'm6a.48xlarge', undefined, /is no size that/, false],
		['aws', 'aws-sev-snp', 'm6a.large', undefined, /fewer than 4 processors/, true],
		['aws', 'aws-sev-snp', 'm5.xlarge', undefined, /it can run aws-nitro-tpm/, true],
		['aws', 'aws-nitro-tpm', 'z1d.3xlarge', undefined, true],
		['aws', 'aws-nitro-tpm', 't3.xlarge', undefined, /no instance type that is known to run/, true],
		['azure', 'azure-sev-snp', 'Standard_DC4as_v5', 'westeurope', true],
		['azure', 'azure-sev-snp', 'standard_dc4as_v5', undefined, /no size that is known/, true],
		['azure', 'azure-trustedlaunch', 'Standard_DC4as_v5', undefined, /it can run azure-sev-snp/, true],
		['azure', 'azure-tdx', 'Standard_DC4es_v6', 'eastus', /not known to offer azure-tdx/, false],
		['gcp', 'gcp-sev-snp', 'c2d-standard-4', undefined, /it can run gcp-sev-es/, true],
		['gcp', 'gcp-sev-es', 'n2d-standard-2', undefined, /no machine type/, true],
		['openstack', 'qemu-vtpm', 'whatever', 'anywhere', true],
		['stackit', 'qemu-vtpm', '2715eabe-3ffc-4c36-b02a-efa8c141a96a', 'RegionOne', true],
		['stackit', 'qemu-vtpm', 'g1.2', undefined, /no flavor that is known/, false],
	];
	for (const [cloud, variant, type, region, expected, isFirm] of cases) {
		const fit = catalogues[cloud].fits(variant, type, region);
		const id = `${variant} on ${type} in ${region ?? 'any region'}`;
		t.is(fit.fits, expected === true, id);
		if (fit.fits || expected === true) continue;
		t.regex(fit.reason, expected, id);
		t.is(fit.firm, isFirm ?? false, id);
		t.truthy(fit.fix, id);
	}
	const typo = catalogues.azure.fits('azure-sev-snp', 'standard_dc8as_v5');
	t.is(typo.fits ? '' : typo.fix, 'use Standard_DC8as_v5');
});

test('names with braces stand for all their combinations', t => {
	t.deepEqual(expand('a{b,c}d{1,2}'), ['abd1', 'abd2', 'acd1', 'acd2']);
	t.deepEqual(expand('plain'), ['plain']);
});
