# Completion of rolecall in fish. What there is to complete is read from the program's own --help, so
# that it is that program's, whatever its version.

function __rolecall_complete
    set -l words (commandline -opc)
    set -l cur (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])

    if test (count $words) -eq 1; or test "$words[2]" = help
        test (count $words) -le 2; or return
        $program --help 2>/dev/null | string replace -rf '^  ([a-z][a-z-]*)  +(.*)' '$1\t$2'
        if test (count $words) -eq 1
            printf '%s\t%s\n' help 'Explain a command' --help 'List the commands' \
                --version 'Print the version'
        end
        return
    end

    # The command of exec, and then whatever that takes.
    if set -l at (contains -i -- -- $words)
        set -l rest $words[(math $at + 1)..]
        test (math $at + 1) -le (count $words); or set rest
        complete -C (string join ' ' -- (string escape -- $rest) $cur)
        return
    end

    set -l config
    if set -l at (contains -i -- --config $words)
        set config --config $words[(math $at + 1)]
    else if set -l joined (string match -r -- '^--config=(.*)' $words)
        set config --config $joined[2]
    end

    # The flag whose value is typed: the word before, or the start of this one.
    set -l flag $words[-1]
    set -l prefix ''
    if set -l parts (string match -r -- '^(--[a-z0-9-]+)=(.*)' $cur)
        set flag $parts[2]
        set prefix $flag=
        set cur $parts[3]
    end

    # An explanation follows its flag, in lines of its own. The first sentence is enough.
    set -l text ($program $words[2] --help 2>/dev/null </dev/null | string collect)
    set -l help (string replace -ra '\n {6}' '  ' -- $text)
    set -l type (string replace -rf -- "^  $flag ([^ ]+).*" '$1' $help)[1]
    switch "$flag $type"
        case '*FILE'
            printf '%s\n' $prefix(__fish_complete_path $cur)
        case '*DIR'
            printf '%s\n' $prefix(__fish_complete_directories $cur)
        case '*|*'
            printf '%s\n' $prefix(string split '|' -- $type)
        case '--binding NAME'
            printf '%s\n' $prefix($program bindings --names $config 2>/dev/null)
        case '--* ?*'
        case '*'
            string replace -rf '^  (?:-h, )?(--[a-z0-9-]+)(?: \S+)?(?: \.\.\.)?  (.*?)\.(?: .*)?$' \
                '$1\t$2' -- $help | string replace -ra '  ' ' '
            # "Usage: rolecall cache list|clear"
            string replace -rf '^Usage: rolecall [a-z-]+ ([a-z|]+)$' '$1' -- $help | string split '|'
    end
end

for name in rolecall aws_signing_helper
    complete -c $name -f -a '(__rolecall_complete)'
end
