/** Where a fact comes from, and when it was true: `date` is a year and month. `note`: what of it was not read in the source itself. */
export type Source = {document: string; url: string; date: string; note?: string};

/** The file of a catalogue. `{a,b}` in a name stands for one name with `a` and one with `b`. */
export type CatalogueData = {
	sources: Readonly<Record<string, Source>>;
	/** Instance types that a variant runs on. */
	offers: readonly Listed[];
	/** Families of instance types that have what a variant needs, whatever their size; only where names are FAMILY.SIZE. */
	families: readonly Listed[];
	regions: readonly {name: string; zones: readonly string[]; variants: readonly string[]; source: string}[];
	diskTypes: readonly {name: string; detail: string; source: string}[];
};

type Listed = {variants: readonly string[]; names: readonly string[]; source: string};

/**
 * Whether machines of a type can show what a variant asks for. `firm`: the hardware cannot; otherwise it is only not known to be
 * offered, which may have changed since the date of the source.
 */
export type Fit = {fits: true} | {fits: false; reason: string; fix: string; firm: boolean};

export type Region = {name: string; zones: readonly string[]; variants: readonly string[]; source: Source};

/** What a cloud offers for confidential nodes, as data. */
export type Catalogue = {
	/** How people call the cloud. */
	title: string;
	/** Variants in the order in which they are recommended. */
	variants: readonly string[];
	instanceTypes: (variant: string) => {name: string; source: Source}[];
	/** Families that run a variant and of whose sizes none is listed. */
	otherFamilies: (variant: string) => string[];
	/** Regions where a variant is known to be offered; without one all. */
	regions: (variant?: string) => Region[];
	diskTypes: readonly {name: string; detail: string; source: Source}[];
	fits: (variant: string, instanceType: string, region?: string) => Fit;
};

export type CatalogueOptions = {
	title: string;
	variants: readonly string[];
	/** Names of types that are not looked up, such as the id of a flavor; and the word for a type in this cloud. */
	opaque?: RegExp;
	word?: string;
	/** Whether the cloud may have types that its list does not name. */
	open?: boolean;
};

export function catalogueOf(data: CatalogueData, options: CatalogueOptions): Catalogue {
	const {title, variants, opaque, word = 'instance type', open = false} = options;
	const sourceOf = (id: string): Source => {
		const source = data.sources[id];
		if (source === undefined) throw new TypeError(`the catalogue of ${title} has no source ${id}`);
		return source;
	};
	const allRegions = data.regions.map(({zones, source, ...region}) => ({
		...region,
		zones: zones.flatMap(expand),
		source: sourceOf(source),
	}));
	const named = (list: readonly Listed[], variant: string) =>
		list
			.filter(entry => entry.variants.includes(variant))
			.flatMap(({names, source}) => names.flatMap(expand).map(name => ({name, source: sourceOf(source)})));
	const instanceTypes = (variant: string) => named(data.offers, variant);
	const regions = (variant?: string) => allRegions.filter(region => variant === undefined || region.variants.includes(variant));

	function typeFits(variant: string, type: string): Fit {
		const types = instanceTypes(variant);
		if (opaque?.test(type) === true || types.length === 0 || types.some(({name}) => name === type)) return {fits: true};
		const families = named(data.families, variant);
		const [family = '', size = ''] = type.split('.');
		const fix = suggestion(types, type);
		const known = families.find(({name}) => name === family);
		if (known !== undefined && size.endsWith('xlarge')) {
			if (!types.some(({name}) => name.startsWith(`${family}.`))) return {fits: true};
			const reason = `${type} is no size that ${known.source.document} (${known.source.date}) lists for ${variant}`;
			return {fits: false, firm: false, reason, fix};
		}
		if (known !== undefined) return {fits: false, firm: true, reason: `${type} has fewer than 4 processors`, fix};
		const other = variants.find(each => each !== variant && instanceTypes(each).some(({name}) => name === type));
		const elsewhere = other === undefined ? '' : `; it can run ${other}`;
		return {fits: false, firm: !open, reason: `${type} is no ${word} that is known to run ${variant}${elsewhere}`, fix};
	}

	function regionFits(variant: string, region: string): Fit {
		const offered = regions(variant);
		if (offered.length === 0 || offered.some(({name}) => name === region)) return {fits: true};
		const {source} = offered[0] ?? {source: {document: '', date: ''}};
		const names = offered.map(({name}) => name).join(', ');
		const reason = `${region} is not known to offer ${variant} (${source.document}, ${source.date})`;
		return {fits: false, firm: false, reason, fix: `use ${names}, or make sure of it`};
	}

	return {
		title,
		variants,
		instanceTypes,
		otherFamilies(variant) {
			const types = instanceTypes(variant);
			const families = named(data.families, variant).map(({name}) => name);
			return families.filter(family => !types.some(({name}) => name.startsWith(`${family}.`)));
		},
		regions,
		diskTypes: data.diskTypes.map(({source, ...disk}) => ({...disk, source: sourceOf(source)})),
		fits(variant, instanceType, region) {
			const type = typeFits(variant, instanceType);
			return !type.fits || region === undefined ? type : regionFits(variant, region);
		},
	};
}

/** The same letters in another case, else the first of the list. */
function suggestion(types: readonly {name: string}[], wanted: string): string {
	const meant = types.find(({name}) => name.toLowerCase() === wanted.toLowerCase());
	return `use ${meant?.name ?? types[0]?.name ?? 'another one'}`;
}

/** `a{b,c}d` is abd and acd; several braces are all combinations. */
export function expand(pattern: string): string[] {
	const [, before = '', choices, after = ''] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(pattern) ?? [];
	if (choices === undefined) return [pattern];
	return choices.split(',').flatMap(choice => expand(after).map(rest => `${before}${choice}${rest}`));
}
