// SPDX-License-Identifier: MIT
package io.pghello.jooq;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.jooq.Constants;
import org.jooq.SQLDialect;
import org.junit.jupiter.api.Test;

/** Checks that the tests run on the jOOQ version of the POM. */
class JooqLineTest {
  @Test
  void isTheOneThatIsMeant() throws ReflectiveOperationException {
    String expected = System.getProperty("pg-hello.jooq.version");
    assertThat(expected).isNotBlank();
    // uses reflection, because the compiler would copy the value of the constant
    assertThat(Constants.class.getField("FULL_VERSION").get(null)).isEqualTo(expected);
  }

  @Test
  void warnsOfTheServersThatTheGuideNames() {
    String line = String.valueOf(System.getProperty("pg-hello.jooq.version")).substring(0, 4);
    int oldest = Map.of("3.19", 15, "3.20", 17, "3.21", 18).getOrDefault(line, 0);
    assertThat(SQLDialect.POSTGRES.supportsDatabaseVersion(oldest, 0, oldest + ".0")).isTrue();
    assertThat(SQLDialect.POSTGRES.supportsDatabaseVersion(oldest - 1, 99, oldest - 1 + ".99"))
        .isFalse();
  }
}
