// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.pool;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.PostgresException.Reason;
import io.pghello.plugin.internal.Json;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Conversion of the driver's errors with the table of SQLSTATEs and reasons. */
class ServerErrorsTest {
  private static final ConnectionConfig CONFIG =
      ConfigReader.read(Json.object().put("user", "u").put("password", "p"));

  private static PostgresException running(String state, boolean readOnly, boolean wrote) {
    var run = new ServerErrors.Run(readOnly, false, wrote, 0, -1);
    return ServerErrors.running(new SQLException("geheim", state), CONFIG, run);
  }

  @ParameterizedTest
  @CsvSource({
    "22012, BAD_VALUE, false",
    "21000, BAD_VALUE, false",
    "23505, CONSTRAINT_VIOLATED, false",
    "25006, NOT_ALLOWED, false",
    "25P02, TRANSACTION_FAILED, true",
    "40001, TRANSACTION_FAILED, true",
    "40P01, TRANSACTION_FAILED, true",
    "42501, NOT_ALLOWED, false",
    "42P01, BAD_SQL, false",
    "42P02, BAD_SQL, false",
    "53300, TOO_MANY_CONNECTIONS, true",
    "54000, LIMIT_REACHED, false",
    "55P03, SERVER_ERROR, true",
    "57014, QUERY_TIMEOUT, false",
    "XX000, SERVER_ERROR, false",
    "X, SERVER_ERROR, false",
    "'', SERVER_ERROR, false",
    ", SERVER_ERROR, false"
  })
  void mapsStateOrItsClass(String state, Code code, boolean retryable) {
    PostgresException e = running(state, false, false);
    assertThat(e.code()).isEqualTo(code);
    assertThat(e.isRetryable()).isEqualTo(retryable);
    assertThat(e.sqlState()).isEqualTo(state);
    assertThat(e.details()).containsKey("remedy").doesNotContainValue("geheim");
    assertThat(e.getMessage()).endsWith(".").doesNotContain("geheim");
  }

  @Test
  void distinguishesLostReadFromLostWrite() {
    PostgresException read = running("08006", false, false);
    assertThat(read.isConnectionLost()).isTrue();
    assertThat(read.details()).containsEntry("reason", "lost").containsEntry("host", "localhost");
    PostgresException write = running("08006", false, true);
    assertThat(write.isConnectionLost()).isFalse();
    assertThat(write.code()).isEqualTo(Code.OUTCOME_UNKNOWN);
  }

  @Test
  void doesNotSuggestExecuteOnReadOnlyConnections() {
    for (String state : new String[] {"42601", "0A000"}) {
      assertThat((String) running(state, false, false).details().get("remedy")).contains("execute");
      assertThat((String) running(state, true, false).details().get("remedy"))
          .doesNotContain("execute");
    }
  }

  @Test
  void hasRemediesForAllLoginFailures() {
    JsonNode reasons = Json.resource(ServerErrors.class, "errors.json").get("reasons");
    var names = new ArrayList<String>();
    EnumSet.complementOf(EnumSet.of(Reason.GONE, Reason.PRIVILEGED))
        .forEach(reason -> names.add(reason.name()));
    assertThat(reasons.fieldNames()).toIterable().hasSameElementsAs(names);
    for (String[] refusal :
        new String[][] {
          {"28000", "SSL_OR_HBA"}, {"28P01", "CREDENTIALS"}, {"53300", "FULL"},
          {"3D000", "NO_DATABASE"}, {"57P03", "STARTING"}, {"08001", "REFUSED"}
        }) {
      PostgresException e = ServerErrors.connecting(new SQLException("geheim", refusal[0]), CONFIG);
      assertThat(e.reason()).isEqualTo(Reason.valueOf(refusal[1]));
      assertThat(e.details()).containsEntry("port", 5432).containsKey("remedy");
    }
  }
}
