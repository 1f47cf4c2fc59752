/** Whether a kubelet pulls an image each time: when the tag is `latest` or there is neither tag nor digest (`pkg/util/parsers`). */

/** The pull policy that an image gets when none is given. */
export function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
  const bare = image.split('@', 1)[0] ?? '';
  const tag = /:([^/:]*)$/.exec(bare)?.[1] ?? '';
  const digested = image.includes('@');
  return tag === 'latest' || (tag === '' && !digested) ? 'Always' : 'IfNotPresent';
}
