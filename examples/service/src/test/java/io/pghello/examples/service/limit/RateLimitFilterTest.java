// SPDX-License-Identifier: MIT
package io.pghello.examples.service.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.bucket4j.ConsumptionProbe;
import io.pghello.examples.service.limit.GreetingsLimit.RefusedException;
import io.pghello.examples.web.OutageLog;
import io.pghello.examples.web.ProblemWriter;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.mock.web.MockFilterChain;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import tools.jackson.databind.json.JsonMapper;

@ExtendWith(OutputCaptureExtension.class)
class RateLimitFilterTest {
  private static final Buckets GONE =
      new Buckets() {
        @Override
        public ConsumptionProbe tryConsume(String client, int tokens) {
          throw new IllegalStateException("there is no database");
        }

        @Override
        public void giveBack(String client) {
          throw new IllegalStateException("there is no database");
        }
      };

  @Test
  void rejectsRequestsDuringAnOutageAndLogsItOncePerMinute(CapturedOutput output) throws Exception {
    RateLimitProperties properties = RateLimitPropertiesTest.bind(Map.of());
    var limiter = new RateLimiter(properties, GONE);
    var answer = new RateLimitAnswer(properties);
    var outages = new OutageLog();
    var filter =
        new RateLimitFilter(
            properties, limiter, answer, new ProblemWriter(JsonMapper.shared()), outages);
    var greetings = new GreetingsLimit(properties, limiter, answer, outages);
    for (int i = 0; i < 10; i++) {
      var response = new MockHttpServletResponse();
      filter.doFilter(
          new MockHttpServletRequest("GET", "/greeting/Ada"), response, new MockFilterChain());
      assertThat(response.getStatus()).isEqualTo(503);
      assertThat(response.getHeader("Retry-After")).isEqualTo("5");
      assertThat(response.getContentAsString()).contains("\"DATABASE_UNAVAILABLE\"");
      assertThatExceptionOfType(RefusedException.class)
          .isThrownBy(() -> greetings.tryConsume("192.0.2.1", 1_000));
    }
    assertThat(output.getAll().lines().filter(line -> line.contains(" WARN "))).hasSize(1);
  }
}
