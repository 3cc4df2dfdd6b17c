// Loads a compose file with the parser that Docker Compose itself uses and prints its services, so
// that a wrong key or an undefined dependency is an error without any Docker engine.
package main

import (
	"context"
	"fmt"
	"os"
	"sort"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	options, err := cli.NewProjectOptions(os.Args[1:])
	if err == nil {
		project, loadErr := options.LoadProject(context.Background())
		err = loadErr
		if err == nil {
			names := project.ServiceNames()
			sort.Strings(names)
			for _, name := range names {
				for _, port := range project.Services[name].Ports {
					fmt.Printf("%s %s:%s->%d\n", name, port.HostIP, port.Published, port.Target)
				}
			}
			return
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
