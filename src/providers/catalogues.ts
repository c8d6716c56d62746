import {awsCatalogue} from './aws/catalogue.ts';
import {azureCatalogue} from './azure/catalogue.ts';
import type {Catalogue} from './catalogue.ts';
import {gcpCatalogue} from './gcp/catalogue.ts';
import {openstackCatalogue} from './openstack/catalogue.ts';
import {stackitCatalogue} from './stackit/catalogue.ts';

export type {Fit, Region} from './catalogue.ts';

/** Clouds that a cluster can be made on. */
export const cloudIds = ['aws', 'azure', 'gcp', 'openstack', 'stackit'] as const;
export type CloudId = (typeof cloudIds)[number];

/** What each cloud offers. Pure data: this file and what it imports do no I/O. */
export const catalogues: Readonly<Record<CloudId, Catalogue>> = {
	aws: awsCatalogue,
	azure: azureCatalogue,
	gcp: gcpCatalogue,
	openstack: openstackCatalogue,
	stackit: stackitCatalogue,
};
