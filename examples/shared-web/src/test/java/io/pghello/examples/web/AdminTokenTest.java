// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import jakarta.servlet.http.HttpServletRequest;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;

class AdminTokenTest {
  private static final String TOKEN = "a-token-of-this-test";

  private static HttpServletRequest request(String authorization) {
    var request = new MockHttpServletRequest();
    request.addHeader("Authorization", authorization);
    return request;
  }

  @Test
  void acceptsOnlyTheToken() {
    var token = new AdminToken("a.property", " " + TOKEN + "\n");
    assertThat(token.isSentBy(request("bearer  " + TOKEN))).isTrue();
    assertThat(token.isMistakenBy(request("Bearer " + TOKEN))).isFalse();
    assertThat(token.isSentBy(request("Bearer " + TOKEN + "s"))).isFalse();
    assertThat(token.isMistakenBy(request("Bearer " + TOKEN + "s"))).isTrue();
    for (var other :
        new HttpServletRequest[] {
          new MockHttpServletRequest(),
          request(TOKEN),
          request("Bearer "),
          request("Basic " + TOKEN)
        }) {
      assertThat(token.isSentBy(other)).isFalse();
      assertThat(token.isMistakenBy(other)).isFalse();
    }
    assertThat(token.refusal().getStatus()).isEqualTo(401);
  }

  @Test
  void rejectsAllRequestsWithoutAConfiguredToken() {
    var none = new AdminToken("a.property", " ");
    assertThat(none.isSentBy(request("Bearer "))).isFalse();
    assertThat(none.isSentBy(request("Bearer " + TOKEN))).isFalse();
    assertThat(none.isMistakenBy(request("Bearer " + TOKEN))).isFalse();
    assertThat(none.refusal().getStatus()).isEqualTo(403);
    assertThat(none.refusal().getDetail()).contains("a.property");
  }

  @Test
  void refusesATokenThatCanBeGuessed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new AdminToken("a.property", "a".repeat(15)))
        .withMessageContaining("a.property must have 16 characters or more");
  }
}
