// SPDX-License-Identifier: MIT
package io.pghello.cli;

import io.pghello.cli.output.Failure;
import io.pghello.cli.output.Printable;
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

/** {@code pghello extension}. */
@Command(
    name = "extension",
    description = {
      "Puts the extension of a jar into a server that is installed on this machine, or takes it out"
          + " again. Files are",
      "renamed into their place, the control file last, and all is undone if that fails. No file of"
          + " somebody else's is",
      "replaced or removed. Any jar that pg-extension-maven-plugin has packed will do; java -jar"
          + " JAR does the same."
    },
    footerHeading = "%nExit status:%n",
    footer = {
      "  0  all is as in the jar",
      "  1  something is to be done, or was left alone",
      "  2  it failed, and was undone",
      "  3  nothing was changed, or the command line is wrong",
      "",
      "Example:",
      "  sudo pghello extension install pg-hello-extension.jar --bindir /usr/lib/postgresql/17/bin"
    })
final class ExtensionCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      index = "0",
      paramLabel = "ACTION",
      description = "check (show which files the server has), install or uninstall.")
  private Installer.Action action = Installer.Action.CHECK;

  @Parameters(index = "1", paramLabel = "JAR", description = "The jar that has the extension.")
  private Path jar = Path.of("");

  @Option(
      names = "--pg-config",
      paramLabel = "PROGRAM",
      description = "The server's pg_config, which is run.")
  private @Nullable Path pgConfig;

  @Option(
      names = "--bindir",
      paramLabel = "FOLDER",
      description =
          "The server's folder of programs. Default: the only one on the path and in the usual"
              + " folders.")
  private @Nullable Path bindir;

  @Option(
      names = "--root",
      paramLabel = "FOLDER",
      description =
          "The root of another machine's files, as of a container's image; as root, never of a"
              + " container that runs: it could lead root astray. Default: /.")
  private @Nullable Path root;

  @Option(
      names = "--name",
      paramLabel = "EXTENSION",
      description = "Which extension. Default: the only one in the jar.")
  private @Nullable String name;

  @Option(names = "--dry-run", description = "Show what would be done, and change nothing.")
  private boolean dryRun;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    var request = new Installer.Request(action, name, pgConfig, bindir, root, dryRun);
    try {
      return Installer.run(jar, request, line -> out.println(Printable.line(line)));
    } catch (RefusedException e) {
      throw Failure.unknown(String.valueOf(e.getMessage()));
    } catch (IOException | RuntimeException e) {
      throw Failure.critical(Installer.failure(e));
    } finally {
      out.flush();
    }
  }
}
