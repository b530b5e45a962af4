// SPDX-License-Identifier: MIT
package io.pghello.cli;

import io.pghello.cli.output.Failure;
import io.pghello.cli.output.TerminalText;
import io.pghello.extension.installer.Installer;
import io.pghello.extension.installer.RefusedException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code pghello extension}. */
@Command(
    name = "extension",
    description = {
      "Installs the extension of a jar into a PostgreSQL server on this machine, or "
          + "uninstalls it. Files are renamed into place, the control file last. If a step "
          + "fails, all previous steps are undone. Files that were not installed by this command "
          + "are never replaced or removed. Works with any jar built by "
          + "pg-extension-maven-plugin; java -jar JAR does the same."
    },
    footerHeading = "%nExit status:%n",
    footer = {
      "  0  success",
      "  1  check finds missing or different files, a needed shared library is",
      "     missing, or uninstall kept a file",
      "  2  a step failed, and all changes were undone",
      "  3  nothing was changed, or the command line is invalid",
      "",
      "Example:",
      "  sudo pghello extension install pg-hello-extension.jar --bindir /usr/lib/postgresql/17/bin"
    })
final class ExtensionCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      index = "0",
      paramLabel = "ACTION",
      description = "check (list the installed files), install or uninstall.")
  private Installer.Action action = Installer.Action.CHECK;

  @Parameters(index = "1", paramLabel = "JAR", description = "Jar that contains the extension.")
  private Path jar = Path.of("");

  @Option(
      names = "--pg-config",
      paramLabel = "PROGRAM",
      description = "Path of the server's pg_config program.")
  private @Nullable Path pgConfig;

  @Option(
      names = "--bindir",
      paramLabel = "DIR",
      description =
          "Directory of the server's programs. Default: the only installation on the "
              + "PATH or in the usual directories.")
  private @Nullable Path bindir;

  @Option(
      names = "--root",
      paramLabel = "DIR",
      description =
          "Root directory of another machine's files, such as a container image. If "
              + "you are root, do not use it on a running container, because links in the "
              + "container could redirect writes. Default: /.")
  private @Nullable Path root;

  @Option(
      names = "--name",
      paramLabel = "EXTENSION",
      description = "Name of the extension. Needed only if the jar contains several.")
  private @Nullable String name;

  @Option(names = "--dry-run", description = "Print the changes without making them.")
  private boolean dryRun;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    var request = new Installer.Request(action, name, pgConfig, bindir, root, dryRun);
    try {
      return Installer.run(jar, request, line -> out.println(TerminalText.line(line)));
    } catch (RefusedException e) {
      throw Failure.unknown(String.valueOf(e.getMessage()));
    } catch (IOException | RuntimeException e) {
      throw Failure.critical(Installer.failure(e));
    } finally {
      out.flush();
    }
  }
}
