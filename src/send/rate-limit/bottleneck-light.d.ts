/** The package types only its main entry; the class is the same. */
declare module 'bottleneck/light.js' {
  export { default } from 'bottleneck';
}
