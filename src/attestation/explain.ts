import type {RefusalView} from '../events.ts';
import type {RefusalContext} from './advice/advice.ts';
import {adviceTable, findingCodes} from './advice/table.ts';
import type {Finding} from './findings.ts';

/** One sentence, the likely cause and the smallest safe step for evidence that was refused. Never names peer-chosen text but the node. */
export function explain(findings: readonly Finding[], context: RefusalContext): RefusalView {
	const refusing = findings.filter(finding => finding.severity === 'refuse');
	const rank = (finding: Finding): number => findingCodes.indexOf(finding.code);
	const [main] = (refusing.length > 0 ? refusing : findings).toSorted((left, right) => rank(left) - rank(right));
	if (!main) {
		return {
			code: 'unknown',
			sentence: `${context.node} was refused without a reason.`,
			likely: 'The service that refused it gave no finding.',
			step: 'Look at the log of the JoinService.',
		};
	}
	const others = refusing.length - 1;
	const more = others > 0 ? ` ${others} more ${others === 1 ? 'check' : 'checks'} failed.` : '';
	return {
		code: main.code,
		sentence: `${context.node} was refused: ${uncapitalised(main.message)}${more}`,
		...(main.register === undefined ? {} : {register: main.register}),
		...(main.expected === undefined ? {} : {expected: main.expected}),
		...(main.actual === undefined ? {} : {actual: main.actual}),
		...adviceTable[main.code](context, main.register, main.expected),
	};
}

function uncapitalised(sentence: string): string {
	return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
