/** Large and of strong contrast: read in sunlight, at night and on a phone. */
export const pageStyle = `
:root { color-scheme: light dark; --good: #11702f; --bad: #b3130b; --wait: #8a5a00; --line: #c8c8c8; --page: #ffffff; --ink: #111111; --soft: #555555; --card: #f4f4f1; }
@media (prefers-color-scheme: dark) { :root { --good: #5fd38a; --bad: #ff8a80; --wait: #ffc45c; --line: #444444; --page: #121212; --ink: #f2f2f2; --soft: #b5b5b5; --card: #1e1e1e; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; background: var(--page); color: var(--ink); font: 1.125rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .75rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 1.5rem 0 .5rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: .75rem; margin: 0; }
.tile { background: var(--card); border-left: .5rem solid var(--line); border-radius: .35rem; padding: .6rem .9rem; }
.tile dt { color: var(--soft); font-size: 1rem; }
.tile dd { margin: 0; font-size: 1.5rem; font-weight: 650; line-height: 1.25; overflow-wrap: anywhere; }
.tile p { margin: .2rem 0 0; font-size: 1rem; overflow-wrap: anywhere; }
.good { border-color: var(--good); } .bad { border-color: var(--bad); } .wait { border-color: var(--wait); }
.alarm { background: var(--bad); color: var(--page); border-radius: .35rem; font-size: 1.25rem; font-weight: 650; margin: 0 0 1rem; padding: .75rem 1rem; }
ul { list-style: none; margin: 0; padding: 0; }
li { align-items: center; border-top: 1px solid var(--line); display: grid; gap: .9rem; grid-template-columns: 7rem 1fr; padding: .6rem 0; }
img, .none { background: var(--card); border-radius: .25rem; display: block; height: 5.25rem; image-rendering: pixelated; object-fit: contain; width: 7rem; }
li strong { display: block; overflow-wrap: anywhere; }
li span { color: var(--soft); display: block; overflow-wrap: anywhere; }
.is-good { color: var(--good); font-weight: 650; } .is-bad { color: var(--bad); font-weight: 650; } .is-wait { color: var(--wait); font-weight: 650; }
footer { color: var(--soft); font-size: 1rem; margin-top: 1.5rem; }
`;
