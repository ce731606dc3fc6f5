/**
 * An access token as an authorization server gives them (RS256, until 2100), and the public key that it was signed for.
 * Its private key was thrown away.
 */

export const ISSUER = 'https://auth.example.com'
export const RESOURCE = 'https://mcp.example.com/mcp'

export const ACCESS_TOKEN = [
  'eyJhbGciOiJSUzI1NiIsImtpZCI6ImJlbmNoIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJodHRwczovL2F1dGguZXhhbXBs',
  'ZS5jb20iLCJhdWQiOiJodHRwczovL21jcC5leGFtcGxlLmNvbS9tY3AiLCJzdWIiOiJiZW5jaCIsImNsaWVudF9pZCI6ImJl',
  'bmNoLWNsaWVudCIsInNjb3BlIjoibm90ZXM6cmVhZCIsImlhdCI6MTc2NzIyNTYwMCwiZXhwIjo0MTAyNDQ0ODAwLCJqdGki',
  'OiIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDAifQ.qGP2gj461USOVHJRUr0AvcqQ0fwbMB3xLHApJ5JZF',
  'P1UJZP7FvzKsrdka_GNascl7LQnnc7pLU09cGI6QAJYmDbsO5DW_UbbOdU_BaOvq1Oz3k04fT8eLr3sWGKKlK-rS_U83Q3v-',
  'Pr5Uu80Vgoh-BbelKzqK9FPYV1baTKc2KW6--FRAg5icMYsqW7a437VVrj1EDWaoehCAz4osz5JwLscSpBRGE7M6wLqJ3L36',
  '2ZiB1IDW3v13MxgZS3-LvYgpWoIpUKitBI1Am7zDj6dnPW7ZqmYrJU1lsxtZ7RVIZp_8XEZA76L87jc3pDYadlMdnkRYHTA_',
  'GGYRmGVGUW03A',
].join('')

export const PUBLIC_KEY = {
  kty: 'RSA',
  kid: 'bench',
  alg: 'RS256',
  use: 'sig',
  e: 'AQAB',
  n: [
    '1tyhLk4ovizy_rBXUeszguK3zRp1S2pt8hG83SuTs8jR7Qec9XaHjknbAbZnd0ssR3GJE13JapZd2BmP742tcyn0mRiherxz',
    'RBu82X-COg9H93fx2ykjrBUgvAs-wl_EyUX7KjnYrnf_SUnxDY-MKPtWsCNbH-D6H0ycQvsYWGhdigJaRRH-5RnxybAa7F8I',
    'TXeWmBE1n2pW30Ym0q6j4dqOMZGmaCWpQWA69261fTjQadHBLyM0wCkBp3x-2I9DTfplzSVGv9MqcGpAN3pckl79Husz3iSO',
    '22Z4VXJGRixKmyW-OhLCunMQQgOsg21diUOUb_S_uvnCdlufs3rGeQ',
  ].join(''),
}
