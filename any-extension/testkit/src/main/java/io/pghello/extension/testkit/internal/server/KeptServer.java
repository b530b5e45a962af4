// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.distribution.PostgresCommands;
import java.nio.file.Path;

/**
 * A server that keeps running after this JVM exits.
 *
 * @param passwords the password file for psql and the driver
 * @param end the command that stops the server and removes its data
 */
record KeptServer(Path passwords, String end) {
  /**
   * Returns a shell command, in the syntax of the platform, that stops a server and removes its
   * data.
   *
   * @param folder the server's directory, which is removed
   * @param data the data directory inside that directory
   */
  static String endCommand(PostgresCommands programs, Path folder, Path data) {
    if (programs.platform().isWindows()) {
      return Platform.quoted(programs.program("pg_ctl").toString(), false)
          + " -D "
          + Platform.quoted(data.toString(), false)
          + " -m immediate stop && rmdir /s /q "
          + Platform.quoted(folder.toString(), false);
    }
    // The server removes this file last. The option -f is used because other JVMs may remove the
    // directory of a stopped server at the same time.
    String pidFile = Platform.quoted(data.resolve("postmaster.pid").toString(), true);
    return "kill -QUIT $(head -n 1 "
        + pidFile
        + ") && while [ -e "
        + pidFile
        + " ]; do sleep 0.1; done && rm -rf "
        + Platform.quoted(folder.toString(), true);
  }
}
