// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.pgbackrest;

import io.pghello.cli.output.Failure;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Whether a backup is one of the whole server by pgBackRest. */
public final class PgBackRestOptions {
  @Option(
      names = "--pgbackrest",
      paramLabel = "STANZA",
      description =
          "Back up the whole server with pgBackRest instead of dumps. STANZA is the name in its configuration. Run this as the repository's owner.")
  private @Nullable String stanza;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "pgBackRest's configuration. Default: the usual one.")
  private @Nullable Path config;

  /** Returns null if it is one of dumps. */
  public @Nullable PgBackRest pgBackRest() {
    if (stanza == null) {
      Failure.refuseIf(config != null, "--config is for --pgbackrest");
      return null;
    }
    return new PgBackRest(stanza, config == null ? null : config.toAbsolutePath());
  }
}
