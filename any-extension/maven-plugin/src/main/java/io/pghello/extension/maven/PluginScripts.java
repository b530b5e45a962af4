// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs the plugin's scripts, which find or download headers and servers.
 *
 * @param root the parent directory of all builds
 * @param target the parent directory of the builds for the platform
 * @param other the other platform; null for this machine's platform
 */
record PluginScripts(CommandRunner runner, Path root, Path target, @Nullable OtherPlatform other) {
  /** Prints the path of an archive with a server, which it assembles from Debian's packages. */
  private static final String SERVER_SCRIPT = "server.sh";

  /**
   * The plugin's scripts, and the files that these scripts use. headers.sh calls the other scripts.
   */
  private static final List<String> SCRIPTS =
      List.of(
          "headers.sh",
          "debian.sh",
          "platforms.sh",
          "platforms/darwin.macros",
          "platforms/exports.awk",
          "platforms/include/gssapi/gssapi.h",
          "platforms/include/gssapi/gssapi_ext.h",
          "platforms/include/openssl/err.h",
          "platforms/include/openssl/ssl.h",
          "platforms/pgxs-cc.sh",
          "platforms/windows-gcc.sh",
          "platforms/windows-pg_config_os.h",
          "platforms/windows-s_lock.h",
          "platforms/windows.macros",
          SERVER_SCRIPT);

  /** Returns a pg_config of the major version. */
  PgConfig pgConfig(int major, Consumer<String> log) throws IOException, BuildException {
    Path folder = root.resolve("scripts");
    for (String script : SCRIPTS) {
      Path file = folder.resolve(script);
      Files.createDirectories(Objects.requireNonNull(file.getParent()));
      try (InputStream in =
          Objects.requireNonNull(PluginScripts.class.getResourceAsStream(script), script)) {
        Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
      }
    }
    String build = Integer.toString(major);
    var command = new ArrayList<>(List.of("bash", SCRIPTS.get(0), build));
    if (other != null) {
      build += "-" + other.platform().platform();
      command.add(other.platform().platform());
      Optional<String> server = other.platform().server();
      if (server.isPresent()) {
        command.add(other.servers().find(server.get(), major).program().toString());
      }
    }
    Path said = folder.resolve("said-" + build);
    Path errors = folder.resolve("errors-" + build);
    int status =
        CommandRunner.waitFor(
            runner
                .builder(command, folder)
                .redirectOutput(said.toFile())
                .redirectError(errors.toFile())
                .start());
    String words = Files.readString(errors).strip();
    if (status != 0) {
      throw new BuildException(words.isEmpty() ? "headers.sh ended with status " + status : words);
    }
    words.lines().forEach(log);
    return new PgConfig(Path.of(Files.readString(said).strip()), target, runner);
  }

  /** Assembles a server from Debian's packages. Returns false if that is not possible. */
  boolean fetchServer(int major, String platform, Consumer<String> log)
      throws IOException, BuildException {
    Path folder = root.resolve("scripts");
    Path errors = folder.resolve("errors-server-" + major + "-" + platform);
    int status =
        CommandRunner.waitFor(
            runner
                .builder(List.of("bash", SERVER_SCRIPT, Integer.toString(major), platform), folder)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(errors.toFile())
                .start());
    Files.readString(errors).strip().lines().forEach(log);
    return status == 0;
  }
}
