process.stdout.write('hello from node\n')
