// What runlet uses of execa, for the command to have it in one file in place of 130.
export { execa, type Options } from 'execa'
