const ADJECTIVES =
  'able agile amber ample apt azure balanced bold brave breezy bright brisk calm candid careful cheerful civil clear clever cosy crisp curious daring deft eager early earnest easy elated even exact fair famous fancy fast fine firm fluent fond frank free fresh frosty gallant gentle genial glad golden grand green happy hardy honest humble ideal jolly jovial keen kind light lively loyal lucid lucky mellow merry mild modest neat nimble noble open patient placid plain proud prudent quick quiet rapid ready rosy serene sharp silent sleek smooth snug sober solid steady still stoic sturdy subtle sunny swift tender thrifty tidy tranquil true upbeat valiant vivid warm wary wise witty zesty'.split(
    ' ',
  )
const SURNAMES =
  'abel agnesi ampere arago babbage banach bardeen bernoulli bessel bohr boltzmann boole born bose boyle brahe cantor carson cauchy celsius chandrasekhar church coulomb crick curie cuvier dalton darwin davy descartes dirac dijkstra doppler eckert edison einstein erdos euclid euler faraday fermat fermi feynman fibonacci fleming fourier franklin galileo galois galvani gauss germain gibbs godel goodall haber hahn hamilton hawking heisenberg herschel hertz hilbert hooke hopper hubble huygens hypatia jacobi jemison joule kelvin kepler kirchhoff klein knuth kovalevskaya lagrange lamarr laplace leavitt leibniz linnaeus lorentz lovelace mach maxwell mcclintock meitner mendel mirzakhani morse napier nash neumann newton nobel noether ohm oppenheimer pascal pasteur pauli planck poincare ramanujan ride riemann rutherford salk sagan shannon somerville stokes tesla thales turing volta watt weyl wiles wilson wu yalow young zuse'.split(
    ' ',
  )

/** `adjective_surname`, as Docker names what is not named; a number follows when the plain ones are taken. */
export function randomName(attempt = 0): string {
  const name = `${pick(ADJECTIVES)}_${pick(SURNAMES)}`
  return attempt < 6 ? name : `${name}${Math.floor(Math.random() * 10 ** (attempt - 4))}`
}

function pick(words: readonly string[]): string {
  return words[Math.floor(Math.random() * words.length)] ?? ''
}
