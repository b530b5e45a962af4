// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.pgbackrest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.cli.output.Failure;
import org.junit.jupiter.api.Test;

/** Parsing of {@code pgbackrest info}. */
class PgBackRestTest {
  @Test
  void readsLabelsAndTheLastSegment() {
    PgBackRest.Repository repository =
        PgBackRest.repository(
            """
            [{
              "archive" : [
                {"id" : "14-1", "max" : "000000010000000000000009", "min" : "000000010000000000000001"},
                {"id" : "15-2", "max" : "00000001000000000000000C", "min" : "000000010000000000000001"},
                {"id" : "16-3", "max" : null, "min" : null}
              ],
              "backup" : [
                {"label" : "20260101-000000F", "prior" : null, "type" : "full"},
                {
                  "annotation" : {"label" : "20990101-000000F", "max" : "FFFFFFFFFFFFFFFFFFFFFFFF"},
                  "label" : "20260101-000000F_20260102-000000D",
                  "prior" : "20260101-000000F"
                }
              ],
              "name" : "main",
              "status" : {"code" : 0, "message" : "ok"}
            }]
            """);
    assertThat(repository.labels())
        .containsExactly("20260101-000000F", "20260101-000000F_20260102-000000D");
    assertThat(repository.lastSegment()).isEqualTo("00000001000000000000000C");
  }

  @Test
  void readsEmptyRepository() {
    for (String info :
        new String[] {"[]", "[{\"name\" : \"main\", \"status\" : {\"code\" : 1}}]"}) {
      PgBackRest.Repository repository = PgBackRest.repository(info);
      assertThat(repository.labels()).isEmpty();
      assertThat(repository.lastSegment()).isNull();
    }
    assertThatThrownBy(() -> PgBackRest.repository("[{"))
        .isInstanceOf(Failure.class)
        .hasMessageStartingWith("cannot parse the output of pgBackRest: ");
    for (String info :
        new String[] {
          "[{\"backup\" : [{\"label\" : \"../20260101-000000F\"}]}]",
          "[{\"backup\" : [{\"label\" : null}]}]",
          "[{\"archive\" : [{\"max\" : \"1/9\"}]}]"
        }) {
      assertThatThrownBy(() -> PgBackRest.repository(info))
          .isInstanceOf(Failure.class)
          .hasMessageStartingWith("cannot parse the output of pgBackRest: ");
    }
  }
}
