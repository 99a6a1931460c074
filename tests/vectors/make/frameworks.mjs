// Prints one line for each value: scheme, source, how, stored, password, salt; each in base64, separated by tabs.
// Passwords come from standard input, one a line, as base64. Runs where @adonisjs/hash, passport-local-mongoose,
// mongoose, bcrypt and password-hash are installed.
import { createRequire } from 'node:module'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const require = createRequire(process.cwd() + '/')
const version = (name) => `${name} ${JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version}`
const { Scrypt } = await import(process.cwd() + '/node_modules/@adonisjs/hash/build/src/drivers/scrypt.js')
const { Bcrypt } = await import(process.cwd() + '/node_modules/@adonisjs/hash/build/src/drivers/bcrypt.js')
const mongoose = require('mongoose')
const passport = require('passport-local-mongoose')
const bcrypt = require('bcrypt')
const passwordHash = require('password-hash')

const print = (...fields) => console.log(fields.map((field) => Buffer.from(field ?? '').toString('base64')).join('\t'))
const model = (name, options) => {
  const schema = new mongoose.Schema({})
  schema.plugin(passport.default ?? passport, options)
  return mongoose.model(name, schema)
}
const User = model('User', {})
const Old = model('Old', { digestAlgorithm: 'sha1' })

for (const line of readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const password = Buffer.from(line, 'base64').toString('utf8')
  const scrypt = await new Scrypt({ cost: 1024, blockSize: 8, parallelization: 1 }).make(password)
  print('adonis-scrypt', version('@adonisjs/hash'), 'new Scrypt({ cost: 1024 }).make(password)', scrypt, password)
  for (const v of [98, 97]) {
    const value = await new Bcrypt({ rounds: 4, version: v }).make(password)
    print('adonis-bcrypt', version('@adonisjs/hash'), `new Bcrypt({ rounds: 4, version: ${v} }).make(password)`, value, password)
  }
  for (const [scheme, Model, how] of [
    ['passport-local-mongoose', User, 'user.setPassword(password)'],
    ['passport-local-mongoose-sha1', Old, "user.setPassword(password), digestAlgorithm: 'sha1'"],
  ]) {
    const user = await new Model({ username: 'ann' }).setPassword(password)
    print(scheme, version('passport-local-mongoose'), how, user.get('hash'), password, user.get('salt'))
  }
  const meteor = await bcrypt.hash(createHash('sha256').update(password).digest('hex'), 4)
  print('meteor', version('bcrypt'), "hash(sha256 of the password in hex, 4), as Meteor's accounts-password does", meteor, password)
  for (const options of [{}, { algorithm: 'sha256' }, { iterations: 3 }, { algorithm: 'md5', iterations: 20 }]) {
    const value = passwordHash.generate(password, options)
    print('npm-password-hash', version('password-hash'), `generate(password, ${JSON.stringify(options)})`, value, password)
  }
}
