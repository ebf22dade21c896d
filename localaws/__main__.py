from localaws.cli import main

main()
