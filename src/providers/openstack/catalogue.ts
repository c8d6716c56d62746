import {catalogueOf} from '../catalogue.ts';
import data from './catalogue.json' with {type: 'json'};

/** OpenStack: every cloud has flavors, zones and volume types of its own, so nothing is known beforehand. */
export const openstackCatalogue = catalogueOf(data, {title: 'OpenStack', variants: ['qemu-vtpm'], word: 'flavor'});
