extension DashboardPage {
    static let style = """
        :root{--ground:#fbfaf7;--card:#fff;--ink:#1d2521;--soft:#56625c;--line:#dcdfd8;--grid:#ebede7;--water:#24757c;\
        --area:#2f7f8626;--leaf:#4d7d22;--bad:#b33a23;--earth:#8a6426;--sky:#2f66ab;--press:#eef1ec}
        @media(prefers-color-scheme:dark){:root{--ground:#141917;--card:#1c2320;--ink:#e6ebe7;--soft:#a4b1aa;\
        --line:#3a4540;--grid:#28312d;--water:#5fb9c0;--area:#5fb9c02b;--leaf:#9cc86a;--bad:#f0795f;--earth:#d9b06f;\
        --sky:#86b3ec;--press:#27302c}}
        *{box-sizing:border-box}
        [hidden]{display:none!important}
        body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.45 system-ui,sans-serif}
        main{max-width:1080px;margin:0 auto;padding:16px 16px 40px}
        header,.head{display:flex;flex-wrap:wrap;gap:6px 16px;align-items:center;justify-content:space-between}
        h1{font-size:1.35rem;line-height:1.25;margin:0;overflow-wrap:anywhere}
        h2{font-size:1.05rem;margin:0}
        section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px;margin:12px 0}
        .quiet,.key{color:var(--soft);margin:6px 0;font-size:.88rem}
        .skip{position:absolute;left:-999px}
        .skip:focus{left:8px;top:8px;background:var(--card);padding:8px;z-index:1}
        #banner{background:var(--bad);color:var(--ground);border-radius:8px;padding:8px 12px;margin:10px 0 0}
        .tiles{display:grid;grid-template-columns:repeat(6,1fr);gap:8px;margin:12px 0}
        .tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:8px 10px;display:flex;\
        flex-direction:column-reverse;justify-content:flex-end}
        .tile dt{color:var(--soft);font-size:.8rem;line-height:1.3}
        .tile dd{margin:0;font-size:1.3rem;font-weight:650;font-variant-numeric:tabular-nums}
        .tile.bad dd{color:var(--bad)}
        button,select{font:inherit;font-size:.88rem;color:inherit;background:var(--press);border:1px solid var(--line);\
        border-radius:7px;padding:5px 10px;min-height:34px;cursor:pointer}
        button:disabled{opacity:.45;cursor:default}
        :focus-visible{outline:3px solid var(--sky);outline-offset:2px}
        .choice{border:0;margin:0;padding:0;display:flex;gap:12px;font-size:.88rem;align-items:center}
        .choice legend{position:absolute;left:-999px}
        .choice label{display:flex;gap:5px;align-items:center;min-height:34px}
        .key>span{display:inline-block;margin-right:.8em}
        .swatch{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.35em}
        .swatch.all{background:var(--water)}.swatch.envs{background:var(--earth)}.swatch.work{background:var(--leaf)}
        .swatch.limit{background:var(--bad)}
        svg{display:block;width:100%;height:auto}
        svg text{font:12px system-ui,sans-serif;fill:var(--soft)}
        svg path{fill:none;stroke-width:2;stroke-linejoin:round}
        svg .grid{stroke:var(--grid)}
        svg .all{stroke:var(--water)}svg .area{fill:var(--area);stroke:none}
        svg .envs{stroke:var(--earth);stroke-dasharray:5 3}svg .work{stroke:var(--leaf)}
        svg .limit{stroke:var(--bad);stroke-dasharray:6 4}
        #list{list-style:none;margin:8px 0 0;padding:0;display:grid;gap:8px;\
        grid-template-columns:repeat(auto-fill,minmax(300px,1fr))}
        #list li{border:1px solid var(--line);border-left-width:5px;border-radius:8px;padding:8px 10px}
        #list li[data-state=running]{border-left-color:var(--leaf)}#list li[data-state=frozen]{border-left-color:var(--sky)}
        #list li[data-state=stopping]{border-left-color:var(--bad)}
        #list li[data-state=starting],#list li[data-state=initialising]{border-left-color:var(--earth)}
        .title{display:flex;justify-content:space-between;gap:8px}
        .title b{font-variant-numeric:tabular-nums}
        .facts{color:var(--soft);font-size:.88rem;margin:2px 0 6px;font-variant-numeric:tabular-nums}
        .orders{display:flex;flex-wrap:wrap;gap:6px}
        #events{list-style:none;margin:8px 0 0;padding:0;max-height:320px;overflow-y:auto;font-size:.88rem;\
        font-variant-numeric:tabular-nums}
        #events li{display:flex;gap:10px;padding:3px 4px;border-bottom:1px solid var(--grid);overflow-wrap:anywhere}
        #events time,#events .who{color:var(--soft);white-space:nowrap}
        #events .who{min-width:2.6em}
        #events .failure,#events .notice{font-weight:600}
        #events .failure span:last-child{color:var(--bad)}
        kbd{border:1px solid var(--line);border-radius:4px;padding:0 5px}
        @media(max-width:640px){main{padding:12px 10px 32px}.tiles{grid-template-columns:repeat(3,1fr)}\
        #list{grid-template-columns:1fr}button,select,.choice label{min-height:44px}svg text{font-size:22px}\
        section{padding:10px}}
        """
}
