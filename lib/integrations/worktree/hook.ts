// The two shell scripts of the post-checkout hook. Plain sh without node: git must not wait for us. The one that git runs starts nothing
// for a checkout that makes no worktree; the other notes that a worktree is new, without the network, and says so. Both end with 0 of
// themselves. Pure.

/** Told apart from a hook of somebody else by this. */
export const MARK = '`runlet worktree install`'
/** Beside the hook: what was there before. */
export const BEFORE = 'post-checkout.before-runlet'

/**
 * Lies where git looks for it. `$1` is all zeros where there was no commit checked out before: a new worktree, a clone, a first branch.
 * What was there before runs first, and its exit status is git's.
 */
export const HOOK = `#!/bin/sh
# Written by ${MARK}; \`runlet worktree uninstall\` puts back what was here before.
before="\${0%/*}/${BEFORE}"
case "$1" in
*[!0]*)
  if [ -x "$before" ]; then exec "$before" "$@"; fi
  exit 0
  ;;
esac
status=0
if [ -x "$before" ]; then
  "$before" "$@"
  status=$?
fi
note="$(git rev-parse --git-common-dir 2>/dev/null)/runlet/post-checkout"
if [ -x "$note" ]; then "$note" "$@" </dev/null; fi
exit "$status"
`

/** Lies in the git directory that all worktrees share: hooks that are committed, or those of a hook manager, find it in each clone. */
export const NOTE = `#!/bin/sh
# Written by ${MARK}: notes that a worktree is new, for the first runlet command in it. Called by the post-checkout hook.
case "$1" in *[!0]*) exit 0 ;; esac
dirs=$(git rev-parse --git-dir --git-common-dir 2>/dev/null) || exit 0
own=\${dirs%%
*}
common=\${dirs#*
}
install="$common/runlet/install.json"
# The main worktree; one that is older than the installation; one that is known.
if [ "$own" = "$common" ] || [ ! -e "$install" ]; then exit 0; fi
if [ "$install" -nt "$own/commondir" ] || [ -e "$own/runlet" ]; then exit 0; fi
branch=$(git symbolic-ref --quiet --short HEAD 2>/dev/null)
if { mkdir "$own/runlet" && printf '%s\\n' "$branch" >"$own/runlet/new"; } 2>/dev/null; then
  echo "runlet: this worktree gets a namespace of its own with the first runlet command in it" >&2
else
  echo "runlet: cannot write to $own; the first runlet command in this worktree tries again" >&2
fi
exit 0
`

/** For hooks of somebody else: nothing happens in a clone where runlet is not installed. */
export const CALL_LINES = [
  'note="$(git rev-parse --git-common-dir)/runlet/post-checkout"',
  '[ ! -x "$note" ] || "$note" "$@"',
] as const
