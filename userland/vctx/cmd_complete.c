// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vctx __complete WORD...: what the last word may become, for the shells.
 *
 * Prints a line "word<TAB>explanation" for each, or one of ":files", ":dirs"
 * and ":command", which ask the shell for its own.  A word that ends with "="
 * wants no blank after it.  Never fails and never prints an error: a person is
 * typing.
 */

#include "cli.h"

struct ask {
	struct vctx *v;
	const char *prefix;	/* "--root=" before what is completed, or "" */
	const char *word;	/* so far */
};

static void offer(const struct ask *a, const char *word, const char *what)
{
	if (!strncmp(word, a->word, strlen(a->word)))
		printf("%s%s\t%s\n", a->prefix, word, what ? what : "");
}

/* Of a list of words by blanks, with something before each. */
static void offer_words(const struct ask *a, const char *before,
			const char *list, const char *what)
{
	char word[160];
	size_t n;

	for (; *list; list += n + (list[n] == ' ')) {
		n = strcspn(list, " ");
		snprintf(word, sizeof(word), "%s%.*s", before, (int)n, list);
		offer(a, word, what);
	}
}

static void offer_contexts(const struct ask *a, enum arg kind)
{
	struct vctx_info **list = vctx_list(a->v, NULL);
	char word[VCTX_NAME_MAX + 16];
	size_t i;

	for (i = 0; list && list[i]; i++) {
		bool up = list[i]->state != VCTX_STOPPED;

		if ((kind == ARG_RUNNING && !up) || (kind == ARG_STOPPED && up))
			continue;
		if (list[i]->name && !list[i]->unmanaged)
			snprintf(word, sizeof(word), "%s", list[i]->name);
		else
			snprintf(word, sizeof(word), "%u", list[i]->id);
		if (kind == ARG_PLACE)
			strcat(word, ":");
		offer(a, word, cli_state(list[i]));
	}
	vctx_list_free(list);
}

static void offer_templates(const struct ask *a)
{
	struct vctx_template **list = vctx_template_list(a->v, NULL);
	size_t i;

	for (i = 0; list && list[i]; i++)
		offer(a, list[i]->name, list[i]->source);
	vctx_template_list_free(list);
}

static void offer_signals(const struct ask *a)
{
	char buf[32];
	int sig;

	for (sig = 1; sig < 32; sig++) {
		vctx_signal_name(sig, buf, sizeof(buf));
		offer(a, buf, "signal");
	}
}

static void offer_settings(const struct ask *a)
{
	const struct vctx_key *key;
	char word[160];
	size_t i;

	for (i = 0; (key = vctx_config_key(i)); i++) {
		size_t n = strlen(key->name);

		snprintf(word, sizeof(word), "%s=", key->name);
		if (strncmp(a->word, word, n + 1)) {
			offer(a, word, key->what);
		} else if (key->values) {
			offer_words(a, word, key->values, key->what);
		} else if (a->word[n + 1] == '/') {
			puts(":files");
		}
	}
}

static void offer_verbs(const struct ask *a)
{
	const struct verb *v;

	for (v = verbs; v->name; v++)
		offer(a, v->name, v->summary);
}

static void offer_kind(const struct ask *a, enum arg kind)
{
	switch (kind) {
	case ARG_NAME:
	case ARG_STOPPED:
	case ARG_RUNNING:
		offer_contexts(a, kind);
		break;
	case ARG_SIGNAL:
		offer_signals(a);
		break;
	case ARG_SETTING:
		offer_settings(a);
		break;
	case ARG_VERB:
		offer_verbs(a);
		break;
	case ARG_FILE:
		puts(":files");
		break;
	case ARG_DIR:
		puts(":dirs");
		break;
	case ARG_PLACE:
		offer_contexts(a, kind);
		puts(":files");
		break;
	case ARG_STATE:
		offer_words(a, "", "stopped running", NULL);
		break;
	case ARG_ACTION:
		offer_words(a, "", "build list delete", NULL);
		break;
	case ARG_TEMPLATE:
		offer_templates(a);
		break;
	case ARG_TIME:
		offer_words(a, "", "500ms 1s 10s 1m", "time");
		break;
	case ARG_NEW:		/* only the user knows a new name */
	case ARG_PID:
	case ARG_TEXT:
	case ARG_NONE:
		break;
	}
}

/* Has this verb this option?  Before the verb: what every verb has. */
static bool has(const struct verb *v, const struct option_row *o)
{
	if (o->o.val == 'V')
		return !v;
	if (!v)
		return !o->bit || (o->bit & (OPT_JSON | OPT_QUIET |
					     OPT_NO_HEADER | OPT_DRY_RUN));
	/* --root after the verb is for the verbs that make a context. */
	if (o->o.val == 'r')
		return v->opts & OPT_ROOT;
	return !o->bit || (v->opts & o->bit);
}

static void offer_options(const struct ask *a, const struct verb *v)
{
	char word[32];
	size_t i;

	for (i = 0; i < n_options; i++) {
		if (!has(v, &options[i]))
			continue;
		snprintf(word, sizeof(word), "--%s", options[i].o.name);
		offer(a, word, options[i].what);
	}
}

/* The row of "--word", "--word=..." or "-x" (or NULL); *value after the "=". */
static const struct option_row *option_of(const char *word, const char **value)
{
	size_t i, n;

	*value = NULL;
	for (i = 0; i < n_options; i++) {
		const char *name = options[i].o.name;

		if (word[0] == '-' && word[1] == options[i].o.val && !word[2] &&
		    strchr("qfseh", options[i].o.val))
			return &options[i];
		n = strlen(name);
		if (strncmp(word, "--", 2) || strncmp(word + 2, name, n))
			continue;
		if (!word[2 + n])
			return &options[i];
		if (word[2 + n] == '=') {
			*value = word + 3 + n;
			return &options[i];
		}
	}
	return NULL;
}

int cmd_complete(int n, char **words)
{
	struct ask a = { .prefix = "", .word = n ? words[n - 1] : "" };
	const struct option_row *waiting = NULL;
	const struct verb *verb = NULL;
	const char *state_root = "", *value;
	char prefix[64];
	size_t args = 0;
	int i;

	for (i = 0; i + 1 < n; i++) {
		const struct option_row *o = NULL;

		if (waiting) {
			if (waiting->o.val == 'r' && !verb)
				state_root = words[i];
			waiting = NULL;
			continue;
		}
		if (!strcmp(words[i], "--")) {
			if (verb && verb->command)
				puts(i + 2 == n ? ":command" : ":files");
			return cli_flush();
		}
		if (words[i][0] == '-')
			o = option_of(words[i], &value);
		if (o && o->o.has_arg && !value)
			waiting = o;
		else if (o && o->o.val == 'r' && value && !verb)
			state_root = value;
		if (words[i][0] == '-')
			continue;
		if (verb) {
			args++;
			continue;
		}
		verb = cli_find_verb(words[i]);
		if (!verb)
			return cli_flush();
	}
	a.v = vctx_open(state_root, NULL);
	if (!a.v)
		return cli_flush();
	if (waiting) {
		offer_kind(&a, waiting->value);
	} else if (a.word[0] == '-') {
		const struct option_row *o = option_of(a.word, &value);

		if (o && value) {
			snprintf(prefix, sizeof(prefix), "%.*s",
				 (int)(value - a.word), a.word);
			a.prefix = prefix;
			a.word = value;
			offer_kind(&a, o->value);
		} else {
			offer_options(&a, verb);
			if (verb && verb->command)
				offer(&a, "--", "the command follows");
		}
	} else if (!verb) {
		offer_verbs(&a);
	} else if (args < verb->max_args) {
		offer_kind(&a, verb->arg[args ? 1 : 0]);
	} else if (verb->command) {
		offer(&a, "--", "the command follows");
	}
	vctx_close(a.v);
	return cli_flush();
}
