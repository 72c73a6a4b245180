import type { TidyRule } from './source-tree.ts';

/** In two halves, so that this file does not find itself. */
const folders = ['wo' + 'rk', 'ro' + 'ot', 'ho' + 'me', 'Us' + 'ers'];
const pathPattern = new RegExp(`(?<![\\w.}\\])])/(${folders.join('|')})/[\\w.-]`);

const hosts = [
  ['registry.npm', 'js.org'],
  ['registry.yarn', 'pkg.com'],
  ['py', 'pi.org'],
  ['files.python', 'hosted.org'],
  ['repo1.ma', 'ven.org'],
  ['repo.maven.apa', 'che.org'],
  ['proxy.go', 'lang.org'],
  ['crates', '.io'],
].map((halves) => halves.join(''));

export const noPrivateFacts: TidyRule = {
  name: 'names no folder of one machine and no host of a package registry',
  check: (files) =>
    files.flatMap(({ path, text }) => {
      const folder = pathPattern.exec(text);
      const host = hosts.find((each) => text.includes(each));
      return [
        ...(folder === null ? [] : [`${path} names a folder of one machine: ${folder[0]}`]),
        ...(host === undefined ? [] : [`${path} names the registry host ${host}`]),
      ];
    }),
  bad: [
    ...folders.map((folder) => [{ path: 'docs/a.md', text: `see /${folder}/someone/file` }]),
    ...hosts.map((host) => [{ path: 'test/a.sh', text: `curl https://${host}/x` }]),
  ],
  good: [
    [
      {
        path: 'docs/a.md',
        text: `see ../${folders[0]}/file, https://example.org/${folders[2]}/x and a/${folders[1]}/b`,
      },
    ],
  ],
};
