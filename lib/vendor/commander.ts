// What the command uses of commander.
export { Argument, Command, CommanderError, Option, type OutputConfiguration } from 'commander'
