// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import java.io.IOException;
import java.util.Map;
import org.apache.catalina.core.StandardHost;
import org.apache.tomcat.util.buf.EncodedSolidusHandling;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.http.converter.autoconfigure.ServerHttpMessageConvertersCustomizer;
import org.springframework.boot.jackson.autoconfigure.JsonMapperBuilderCustomizer;
import org.springframework.boot.tomcat.ConfigurableTomcatWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.ResolvableType;
import org.springframework.http.HttpInputMessage;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.http.converter.json.JacksonJsonHttpMessageConverter;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.type.LogicalType;

/** All of this package, for an application on Tomcat and Spring MVC. */
@Configuration(proxyBeanMethods = false)
@Import({
  BodyLimitFilter.class,
  OutageLog.class,
  PathParametersFilter.class,
  ProblemAdvice.class,
  ProblemErrorController.class,
  ProblemWriter.class,
  SecurityHeadersFilter.class
})
public class WebConfiguration {
  /**
   * Reads JSON by its types: 7 is no name, as "7" is no count. A member is known, and there once;
   * or else one that is mistyped would be as if it were not there.
   */
  @Bean
  JsonMapperBuilderCustomizer strictTypes() {
    return builder ->
        builder
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .withCoercionConfig(
                LogicalType.Textual,
                config -> {
                  config.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail);
                  config.setCoercion(CoercionInputShape.Float, CoercionAction.Fail);
                  config.setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail);
                });
  }

  /** Reads no null in place of what is asked for, as Spring itself expects none in all places. */
  @Bean
  ServerHttpMessageConvertersCustomizer noNull(JsonMapper mapper) {
    var converter =
        new JacksonJsonHttpMessageConverter(mapper) {
          @Override
          public Object read(
              ResolvableType type, HttpInputMessage message, @Nullable Map<String, Object> hints)
              throws IOException {
            Object body = super.read(type, message, hints);
            if (body == null) {
              throw new HttpMessageNotReadableException("the body is null", message);
            }
            return body;
          }
        };
    return builder -> builder.withJsonConverter(converter);
  }

  /** Lets a slash be a part of a name, and answers with problems where Tomcat would with a page. */
  @Bean
  WebServerFactoryCustomizer<ConfigurableTomcatWebServerFactory> tomcatCustomizer() {
    return factory -> {
      factory.addConnectorCustomizers(
          connector -> {
            // Spring MVC decodes them, after it has taken the path apart
            String passThrough = EncodedSolidusHandling.PASS_THROUGH.getValue();
            connector.setEncodedSolidusHandling(passThrough);
            connector.setEncodedReverseSolidusHandling(passThrough);
          });
      factory.addContextCustomizers(
          context -> {
            if (context.getParent() instanceof StandardHost host) {
              host.setErrorReportValveClass(ProblemValve.class.getName());
            }
          });
    };
  }
}
