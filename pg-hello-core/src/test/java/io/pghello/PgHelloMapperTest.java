// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.CallProblem;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PgHelloMapperTest {
  @ParameterizedTest
  @CsvSource({"EUC_TW, true", "EUC_JIS_2004, true", "LATIN1, false", ", false"})
  void serverRejectsBytesOfSomeEncodings(String encoding, boolean refused) {
    CallProblem problem = PgHelloMapper.INSTANCE.problem("22021", encoding);
    assertThat(problem != null).isEqualTo(refused);
  }
}
