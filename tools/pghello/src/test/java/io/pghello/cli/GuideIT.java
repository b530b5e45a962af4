// SPDX-License-Identifier: MIT
package io.pghello.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.Superuser;
import io.pghello.testkit.PgHelloTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Statements of the operations guide that fail according to
 * docs/contributing/source-documents/operations.md.
 */
@PgHelloTest
class GuideIT {
  private static final Pattern FAILS =
      Pattern.compile("^(.*); -- fails: ([0-9A-Z]{5})$", Pattern.MULTILINE);

  @Test
  void statementsFailAsDocumented(@Superuser Connection superuser) throws Exception {
    List<MatchResult> lines =
        FAILS
            .matcher(
                Files.readString(Path.of("../../docs/contributing/source-documents/operations.md")))
            .results()
            .toList();
    assertThat(lines).hasSizeGreaterThanOrEqualTo(8);
    for (MatchResult line : lines) {
      assertThatThrownBy(() -> Run.execute(superuser, line.group(1)))
          .as(line.group())
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(line.group(2)));
    }
  }
}
