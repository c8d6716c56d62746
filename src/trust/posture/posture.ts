import {
	type Claim,
	type Condition,
	commonClaims,
	configClaims,
	familyClaims,
	type Place,
	type PostureProvider,
	type Reader,
	readers,
	variantsOf,
} from './claims.ts';

/** What one kind of reader can do, and every claim that says so; the worst one counts. */
export type Answer = {who: Reader; can: Claim['can']; claims: readonly Claim[]};
/** What would be different with another choice, for the readers it changes something for. */
export type Alternative = Place & {changes: readonly {who: Reader; from: Claim['can']; to: Claim['can']; claim: Claim}[]};
export type Posture = Place & {
	conditions: readonly Condition[];
	answers: readonly Answer[];
	alternatives: readonly Alternative[];
};

// Who does not know has to expect the worst.
const worst: readonly Claim['can'][] = ['yes', 'unknown', 'partly', 'no'];
const order = Object.keys(readers) as Reader[];

/** Who could still read the data of a cluster, and what would change with another choice. `conditions`: what its config adds. */
export function postureOf(place: Place, conditions: readonly Condition[]): Posture {
	const answers = answersFor(place, conditions);
	return {...place, conditions, answers, alternatives: alternativesTo(place).map(other => compare(answers, other))};
}

function answersFor(place: Place, conditions: readonly Condition[]): Answer[] {
	const own = familyClaims(place);
	const general = commonClaims.filter(({who}) => !own.some(claim => claim.who === who));
	const settings = configClaims.filter(({when}) => when !== undefined && conditions.includes(when));
	const claims = [...own, ...general, ...settings];
	return order.flatMap(who => {
		const about = claims.filter(claim => claim.who === who);
		const can = worst.find(verdict => about.some(claim => claim.can === verdict));
		return can === undefined ? [] : [{who, can, claims: about}];
	});
}

/** The other variants of the provider, and the first variant of every other provider. */
function alternativesTo({provider, variant}: Place): Place[] {
	const same = variantsOf[provider].filter(other => other !== variant).map(other => ({provider, variant: other}));
	const others = (Object.keys(variantsOf) as PostureProvider[])
		.filter(other => other !== provider && other !== 'local')
		.map(other => ({provider: other, variant: variantsOf[other][0]}));
	return [...same, ...others];
}

/** Settings of this config say nothing of another choice, so only what families say is compared. */
function compare(answers: readonly Answer[], other: Place): Alternative {
	const changes = answersFor(other, []).flatMap(({who, can, claims}) => {
		const now = answers.find(answer => answer.who === who);
		const [claim] = claims.filter(each => each.can === can);
		const own = now?.claims.some(({when}) => when === undefined) ?? false;
		return claim === undefined || now === undefined || !own || now.can === can ? [] : [{who, from: now.can, to: can, claim}];
	});
	return {...other, changes};
}
