// SPDX-License-Identifier: MIT
package io.pghello.examples.service.security;

import io.pghello.examples.web.AdminToken;
import io.pghello.examples.web.ProblemWriter;
import io.pghello.examples.web.Problems;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.security.config.annotation.method.configuration.EnableMethodSecurity;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.config.observation.SecurityObservationSettings;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.AnonymousAuthenticationFilter;
import org.springframework.security.web.firewall.HttpFirewall;
import org.springframework.security.web.firewall.RequestRejectedHandler;
import org.springframework.security.web.firewall.StrictHttpFirewall;

/**
 * Configures authorization: everyone may request greetings, but only administrators may change
 * settings that affect other users. The rules for paths reject a request before its body is read,
 * and the operations check the role again.
 */
@Configuration(proxyBeanMethods = false)
@EnableMethodSecurity
class SecurityConfiguration {
  @Bean
  AdminToken adminToken(@Value("${greeting.admin-token:}") String token) {
    return new AdminToken("greeting.admin-token", token);
  }

  @Bean
  SecurityFilterChain securityFilterChain(
      HttpSecurity http, AdminToken token, ProblemWriter writer) {
    return http.authorizeHttpRequests(
            requests ->
                requests
                    .requestMatchers(HttpMethod.POST, "/api/config/**")
                    .hasRole("ADMIN")
                    .requestMatchers(HttpMethod.DELETE, "/greeting/*")
                    .hasRole("ADMIN")
                    .anyRequest()
                    .permitAll())
        .addFilterBefore(new AdminTokenFilter(token), AnonymousAuthenticationFilter.class)
        .exceptionHandling(
            exceptions ->
                exceptions.authenticationEntryPoint(
                    (request, response, e) -> token.reject(response, writer)))
        // SecurityHeadersFilter adds the headers instead, even to responses of earlier filters
        .headers(AbstractHttpConfigurer::disable)
        // the service is stateless, so it needs no protection against cross-site requests
        .sessionManagement(
            sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        .csrf(AbstractHttpConfigurer::disable)
        .requestCache(AbstractHttpConfigurer::disable)
        .logout(AbstractHttpConfigurer::disable)
        .build();
  }

  /**
   * Disables observations of individual filters. Observations of requests contain the same
   * information and cost less.
   */
  @Bean
  SecurityObservationSettings securityObservations() {
    return SecurityObservationSettings.noObservations();
  }

  /**
   * Allows any characters in names that are part of a path. The rest of the path is matched as in
   * Spring MVC.
   */
  @Bean
  HttpFirewall httpFirewall() {
    var firewall = new StrictHttpFirewall();
    firewall.setAllowBackSlash(true);
    firewall.setAllowSemicolon(true);
    firewall.setAllowUrlEncodedPercent(true);
    firewall.setAllowUrlEncodedPeriod(true);
    firewall.setAllowUrlEncodedSlash(true);
    firewall.setAllowUrlEncodedDoubleSlash(true);
    return firewall;
  }

  @Bean
  RequestRejectedHandler rejectedRequests(ProblemWriter writer) {
    return (request, response, e) ->
        writer.write(
            response,
            Problems.of(HttpStatus.BAD_REQUEST, "INVALID_REQUEST", "The request is not allowed."));
  }
}
