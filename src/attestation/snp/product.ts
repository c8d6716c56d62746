/** Processor generations with SEV-SNP whose root keys and TCB layouts are known here; Genoa stands for Bergamo and Siena too. */
export const products = ['Milan', 'Genoa', 'Turin'] as const;
export type Product = (typeof products)[number];

const models: readonly {product: Product; family: number; first: number; last: number}[] = [
	{product: 'Milan', family: 0x19, first: 0x00, last: 0x0f},
	{product: 'Genoa', family: 0x19, first: 0x10, last: 0x1f},
	{product: 'Genoa', family: 0x19, first: 0xa0, last: 0xaf},
	{product: 'Turin', family: 0x1a, first: 0x00, last: 0x11},
];

/** From the combined CPUID family and model that reports carry from version 3 on; undefined for a generation unknown here. */
export function productOfModel({family, model}: {family: number; model: number}): Product | undefined {
	return models.find(entry => entry.family === family && model >= entry.first && model <= entry.last)?.product;
}

/** From a product name in a certificate: `Milan`, or with a stepping, `Milan-B0` (AMD 57230, VCEK certificate). */
export function productOfName(name: string): Product | undefined {
	const [generation] = name.split('-');
	return products.find(product => product === generation);
}
