// The URLs of stores on S3.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { InvalidStoreUrlError } from '../../../lib/errors.ts'
import { formatS3Url, parseS3Url } from '../../../lib/store/s3/s3-url.ts'

const refusals: Array<[why: string, url: string, problem: RegExp]> = [
  ['another scheme', 'http://bucket/prefix', /does not start with s3:\/\/bucket/],
  ['no bucket', 's3:///prefix', /names no bucket/],
  ['a bucket with a port', 's3://bucket:9000/prefix', /malformed bucket name "bucket:9000"/],
  ['a bucket of one letter', 's3://b/prefix', /malformed bucket name "b"/],
  ['a user and a password', 's3://key:secret@bucket/prefix', /user name or password; credentials come from/],
  ['a fragment', 's3://bucket/pre#fix', /has a fragment/],
  ['an empty segment', 's3://bucket/pre//fix', /prefix with the segment ""/],
  ['a segment that goes up', 's3://bucket/pre/../fix', /prefix with the segment "\.\."/],
  ['an escaped segment that goes up', 's3://bucket/pre/%2e%2e/fix', /prefix with the segment "\.\."/],
  ['a hidden slash', 's3://bucket/pre%2Ffix', /prefix with the segment "pre\/fix"/],
  ['a control character', 's3://bucket/pre%00fix', /prefix with the segment "pre\\u0000fix"/],
  ['a malformed escape', 's3://bucket/pre%zz', /malformed %-escape/],
  [
    'an unknown parameter',
    's3://bucket?endpiont=x',
    /unknown parameter "endpiont"; known are endpoint, region, pathStyle/,
  ],
  ['a parameter twice', 's3://bucket?region=a&region=b', /parameter "region" twice/],
  ['an endpoint without a scheme', 's3://bucket?endpoint=localhost', /endpoint is not a URL/],
  ['an endpoint of another scheme', 's3://bucket?endpoint=ftp://host', /endpoint must start with http/],
  ['an endpoint with a password', 's3://bucket?endpoint=http://a:b@host', /endpoint has a user name or password/],
  ['an endpoint with a query', 's3://bucket?endpoint=http://host/?x', /endpoint has a query/],
  ['an impossible region', 's3://bucket?region=us_east', /region is not the name of a region/],
  ['a vague pathStyle', 's3://bucket?pathStyle=yes', /pathStyle must be true or false/],
  ['an unknown etag style', 's3://bucket?etag=weak', /etag must be plain or quoted/],
  ['a time limit with a unit', 's3://bucket?timeoutMs=30s', /timeoutMs is no number of milliseconds/],
  ['a time limit that no store keeps', 's3://bucket?timeoutMs=99', /timeoutMs must be 100 to 600000/],
]

describe('the URL of an S3 store', () => {
  test('names bucket, prefix and every parameter', () => {
    const url =
      's3://my-bucket/pre/fix?endpoint=http://127.0.0.1:9000&region=eu-west-1&pathStyle=false&etag=quoted&timeoutMs=500'
    assert.deepEqual(parseS3Url(url), {
      bucket: 'my-bucket',
      prefix: 'pre/fix',
      endpoint: 'http://127.0.0.1:9000',
      region: 'eu-west-1',
      pathStyle: false,
      etag: 'quoted',
      timeoutMs: 500,
    })
  })

  test('needs no prefix', () => {
    assert.equal(parseS3Url('s3://bucket').prefix, '')
    assert.equal(parseS3Url('s3://bucket/').prefix, '')
  })

  test('means the same with and without a slash at its end', () => {
    assert.deepEqual(parseS3Url('s3://bucket/pre/fix/'), parseS3Url('s3://bucket/pre/fix'))
  })

  test('has the bucket in the path by default only with an endpoint', () => {
    assert.equal(parseS3Url('s3://bucket').pathStyle, false)
    assert.equal(parseS3Url('s3://bucket?endpoint=http://host').pathStyle, true)
  })

  test('takes an escaped endpoint and prefix', () => {
    const location = parseS3Url('s3://bucket/pr%C3%A9%20fix?endpoint=http%3A%2F%2Fhost%3A1')
    assert.deepEqual([location.prefix, location.endpoint], ['pré fix', 'http://host:1'])
  })

  for (const url of [
    's3://bucket',
    's3://bucket/pre/fix?region=eu-west-1',
    's3://bucket/a%20%23b?endpoint=http://127.0.0.1:9000/base&pathStyle=false&etag=quoted&timeoutMs=500',
    's3://bucket?pathStyle=true',
  ]) {
    test(`is written as it was read: ${url}`, () => assert.equal(formatS3Url(parseS3Url(url)), url))
  }

  for (const [why, url, problem] of refusals) {
    test(`is refused for ${why}`, () => {
      assert.throws(() => parseS3Url(url), { constructor: InvalidStoreUrlError, message: problem })
    })
  }

  for (const url of [
    's3://key:hush@bucket/prefix',
    's3://bucket?secretAccessKey=hush',
    's3://bucket?endpoint=http://key:hush@host',
    's3://bucket?endpoint=http%3A%2F%2Fkey%3Ahush%40host',
  ]) {
    test(`keeps a secret out of the error: ${url}`, () => {
      assert.throws(
        () => parseS3Url(url),
        (error: InvalidStoreUrlError) => {
          assert.doesNotMatch(error.message + error.url, /hush/)
          return true
        },
      )
    })
  }
})
