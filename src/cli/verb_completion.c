/* SPDX-License-Identifier: Apache-2.0 */
/* firn completion: scripts for shells.  They ask this program what can stand next. */
#include "cli/complete.h"
#include "cli/verbs.h"

#include "base/str.h"

#include <string.h>

static const char bash_script[] =
    "# bash completion for firn: firn completion bash\n"
    "_firn() {\n"
    "    local line=${COMP_LINE:0:COMP_POINT} word text files= folders= cut\n"
    "    local -a words\n"
    "    read -ra words <<<\"$line\"\n"
    "    [[ $line == *[[:space:]] ]] && words+=('')\n"
    "    local cur=${words[${#words[@]} - 1]}\n"
    "    # readline replaces what stands behind the last ':' or '='\n"
    "    cut=${cur%\"${cur##*[:=]}\"}\n"
    "    COMPREPLY=()\n"
    "    while IFS=$'\\t' read -r word text; do\n"
    "        case $word in\n"
    "        :files) files=1 ;;\n"
    "        :folders) folders=1 ;;\n"
    "        *) COMPREPLY+=(\"${word#\"$cut\"}\") ;;\n"
    "        esac\n"
    "    done < <(\"${COMP_WORDS[0]}\" completion words -- \"${words[@]}\" 2>/dev/null)\n"
    "    if [[ -n $files || -n $folders ]]; then\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        while IFS= read -r word; do\n"
    "            COMPREPLY+=(\"$word\")\n"
    "        done < <(if [[ -n $files ]]; then compgen -f -- \"${cur#\"$cut\"}\"; else\n"
    "            compgen -d -- \"${cur#\"$cut\"}\"; fi)\n"
    "    fi\n"
    "}\n"
    "complete -F _firn firn\n";

static const char zsh_script[] =
    "#compdef firn\n"
    "# zsh completion for firn: firn completion zsh\n"
    "_firn() {\n"
    "    local word text files= folders=\n"
    "    local -a found shown\n"
    "    while IFS=$'\\t' read -r word text; do\n"
    "        case $word in\n"
    "        :files) files=1 ;;\n"
    "        :folders) folders=1 ;;\n"
    "        *)\n"
    "            found+=(\"$word\")\n"
    "            shown+=(\"$word${text:+  -- $text}\")\n"
    "            ;;\n"
    "        esac\n"
    "    done < <(${~${(Q)words[1]}} completion words -- \"${(@Q)words[1,CURRENT]}\" 2>/dev/null)\n"
    "    (( ${#found} )) && compadd -l -d shown -a found\n"
    "    [[ -n $files ]] && _files\n"
    "    [[ -n $folders && -z $files ]] && _files -/\n"
    "    return 0\n"
    "}\n"
    "if [[ ${funcstack[1]} == _firn ]]; then\n"
    "    _firn \"$@\"\n"
    "else\n"
    "    compdef _firn firn\n"
    "fi\n";

static const char fish_script[] =
    "# fish completion for firn: firn completion fish\n"
    "function __firn_complete\n"
    "    set -l words (commandline -opc)\n"
    "    set -l current (commandline -ct)\n"
    "    for line in ($words[1] completion words -- $words \"$current\" 2>/dev/null)\n"
    "        switch $line\n"
    "            case ':files'\n"
    "                __fish_complete_path \"$current\"\n"
    "            case ':folders'\n"
    "                __fish_complete_directories \"$current\"\n"
    "            case '*'\n"
    "                echo $line\n"
    "        end\n"
    "    end\n"
    "end\n"
    "complete -c firn -f -a '(__firn_complete)'\n";

static const struct {
    const char *name;
    const char *text;
} scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};

static firn_code completion(firn_command *c, const firn_args *args, int *ret_status FIRN_UNUSED,
                            firn_err *err)
{
    const char *shell = args->rest_count ? args->rest[0] : "";
    if (strcmp(shell, "words") == 0) {
        firn_complete(c, args->rest + 1, args->rest_count - 1, stdout);
        return FIRN_OK;
    }
    for (size_t i = 0; i < FIRN_COUNT_OF(scripts); i++) {
        if (strcmp(shell, scripts[i].name) != 0)
            continue;
        fputs(scripts[i].text, stdout);
        return FIRN_OK;
    }
    if (args->rest_count == 0)
        firn_raise(err, FIRN_E_USAGE, "for which shell?");
    else
        firn_raise(err, FIRN_E_USAGE, "there is no completion for %s", firn_quotec(shell).s);
    return firn_err_advise(err, "firn completion bash, zsh or fish; `firn help completion` says "
                                "where it goes");
}

static int verb_completion(const firn_args *args)
{
    return firn_command_do(args, completion);
}

static const firn_arg completion_args[] = {
    FIRN_ARG_HELP,
    {NULL, 0, NULL, NULL},
};

const firn_verb firn_verb_completion = {
    .name = "completion",
    .synopsis = "bash | zsh | fish",
    .summary = "print a script that completes commands in a shell",
    .details =
        "Verbs, options and their values, names of tables, streams and runs as they are at that\n"
        "moment.  `make install` and the tarball put the scripts where the shells look for them\n"
        "(below share/); by hand:\n"
        "\n"
        "  source <(firn completion bash)            # in ~/.bashrc\n"
        "  source <(firn completion zsh)             # in ~/.zshrc, behind compinit\n"
        "  firn completion fish > ~/.config/fish/completions/firn.fish",
    .args = completion_args,
    .run = verb_completion,
};
