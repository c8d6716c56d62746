import {AppError, exitCodes} from '../errors.ts';
import {commandTable, globalFlags} from './table.ts';
import type {CommandModule} from './types.ts';

const programName = 'constellation';

type Word = {word: string; description: string};
/** What may follow each beginning of a command line; the empty one is the program itself. */
type Contexts = ReadonlyMap<string, readonly Word[]>;

function contextsOf(): Contexts {
	const contexts = new Map<string, Word[]>([['', []]]);
	const add = (context: string, word: Word) => {
		const words = contexts.get(context) ?? [];
		if (!words.some(known => known.word === word.word)) words.push(word);
		contexts.set(context, words);
	};
	const switches = globalFlags.map(({name, description}) => ({word: `--${name}`, description}));
	for (const {name, summary, flags, argument} of commandTable) {
		const [first = '', second] = name.split(' ');
		if (second === undefined) add('', {word: first, description: summary});
		else {
			add('', {word: first, description: `${first} commands`});
			add(first, {word: second, description: summary});
		}
		for (const choice of argument?.choices ?? []) add(name, {word: choice, description: argument?.description ?? ''});
		for (const flag of flags) add(name, {word: `--${flag.name}`, description: flag.description});
		for (const flag of switches) add(name, flag);
	}
	add('', {word: 'help', description: 'Show help'});
	add('', {word: '--help', description: 'Show help'});
	return contexts;
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function bash(contexts: Contexts): string {
	const cases = [...contexts].map(
		([context, words]) => `    ${quote(context)}) words=${quote(words.map(({word}) => word).join(' '))} ;;`,
	);
	return `# bash completion for ${programName}: source it, or save it in a completions folder
_${programName}() {
  local current=\${COMP_WORDS[COMP_CWORD]} context= words= word i
  if [ "\${COMP_WORDS[COMP_CWORD-1]}" = -C ] || [ "\${COMP_WORDS[COMP_CWORD-1]}" = --workspace ]; then
    COMPREPLY=($(compgen -d -- "$current"))
    return
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case $word in
      -C|--workspace) ((i++)) ;;
      -*) ;;
      *) context="\${context:+$context }$word" ;;
    esac
  done
  case $context in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _${programName} ${programName}
`;
}

function zsh(contexts: Contexts): string {
	const entry = ({word, description}: Word) => quote(`${word.replaceAll(':', '\\:')}:${description}`);
	const cases = [...contexts].map(([context, words]) => `    ${quote(context)}) entries=(${words.map(entry).join(' ')}) ;;`);
	return `#compdef ${programName}
# zsh completion for ${programName}: save it as _${programName} in a folder of your fpath, or source it
_${programName}() {
  local -a entries
  local context= word i
  if [[ \${words[CURRENT-1]} == (-C|--workspace) ]]; then
    _files -/
    return
  fi
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    case $word in
      -C|--workspace) ((i++)) ;;
      -*) ;;
      *) context="\${context:+$context }$word" ;;
    esac
  done
  case $context in
${cases.join('\n')}
  esac
  _describe ${programName} entries
}
if [ "$funcstack[1]" = _${programName} ]; then _${programName} "$@"; else compdef _${programName} ${programName}; fi
`;
}

function fish(contexts: Contexts): string {
	const lines = [...contexts].flatMap(([context, words]) =>
		words.map(({word, description}) => {
			const condition = `-n ${quote(`__${programName}_at ${quote(context)}`)}`;
			const target = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${quote(word)}`;
			return `complete -c ${programName} -f ${condition} ${target} -d ${quote(description)}`;
		}),
	);
	return `# fish completion for ${programName}: save it as ~/.config/fish/completions/${programName}.fish
function __${programName}_at
  set -l context
  set -l skip 0
  for word in (commandline -opc)[2..]
    if test $skip = 1
      set skip 0
    else if contains -- $word -C --workspace
      set skip 1
    else if not string match -q -- '-*' $word
      set -a context $word
    end
  end
  test "$context" = "$argv[1]"
end
${lines.join('\n')}
complete -c ${programName} -s C -l workspace -r -a '(__fish_complete_directories)' -d 'Folder of the cluster'
`;
}

function powershell(contexts: Contexts): string {
	const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
	const lines = [...contexts].map(
		([context, words]) => `    ${literal(context)} = @(${words.map(({word}) => literal(word)).join(', ')})`,
	);
	return `# PowerShell completion for ${programName}: add it to your $PROFILE
Register-ArgumentCompleter -Native -CommandName ${programName} -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $table = @{
${lines.join('\n')}
  }
  $context = @()
  $skip = $false
  foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
    $word = $element.ToString()
    if ($element.Extent.EndOffset -ge $cursorPosition) { break }
    if ($skip) { $skip = $false; continue }
    if ($word -ceq '-C' -or $word -ceq '--workspace') { $skip = $true; continue }
    if (-not $word.StartsWith('-')) { $context += $word }
  }
  $table[($context -join ' ')] | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`;
}

const shells: Readonly<Record<string, (contexts: Contexts) => string>> = {bash, zsh, fish, powershell};

export const completion: CommandModule = (_context, {argument = ''}) => {
	const script = shells[argument]?.(contextsOf());
	if (script === undefined)
		throw new AppError(`There is no completion for ${argument}.`, {
			code: 'usage',
			exitCode: exitCodes.usage,
			next: [`Choose one of ${Object.keys(shells).join(', ')}.`],
		});
	return Promise.resolve({command: 'completion', data: {shell: argument, script}, lines: [script.trimEnd()]});
};
