// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.pgbackrest;

import io.pghello.cli.output.Failure;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options that select a pgBackRest backup instead of dumps. */
public final class PgBackRestOptions {
  @Option(
      names = "--pgbackrest",
      paramLabel = "STANZA",
      description =
          "Back up the whole server with pgBackRest instead of dumps. STANZA is the "
              + "server's name in pgBackRest's configuration. Run this command as the "
              + "operating system user that owns the repository.")
  private @Nullable String stanza;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "Path of pgBackRest's configuration. Default: pgBackRest's default.")
  private @Nullable Path config;

  /** Returns the pgBackRest program to use, or null to use dumps. */
  public @Nullable PgBackRest pgBackRest() {
    if (stanza == null) {
      Failure.throwIf(config != null, "--config requires --pgbackrest");
      return null;
    }
    return new PgBackRest(stanza, config == null ? null : config.toAbsolutePath());
  }
}
