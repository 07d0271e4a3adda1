// Node's TLS with its defaults: `node_tls.mjs client PORT CA` asks twice, the second time with the first's session; `node_tls.mjs server CERT KEY`
// prints its port and answers.
import fs from 'node:fs'
import https from 'node:https'

const [what, one, two] = process.argv.slice(2)

const agent = () => new https.Agent({ keepAlive: false, maxCachedSessions: 10 })
const ask = by => new Promise((yes, no) => {
  https.get({ host: '127.0.0.1', servername: 'localhost', port: one, path: '/node', ca: fs.readFileSync(two), agent: by }, r => {
    r.pipe(process.stdout, { end: false }); r.on('end', yes); r.on('error', no)
  }).on('error', no)
})

if (what === 'client') {
  const by = agent()
  await ask(by)
  await ask(by)
} else {
  const s = https.createServer({ cert: fs.readFileSync(one), key: fs.readFileSync(two) }, (q, a) => a.end(`node-server ${q.method} ${q.url}\n`))
  s.listen(0, '127.0.0.1', () => console.log('127.0.0.1:' + s.address().port))
}
