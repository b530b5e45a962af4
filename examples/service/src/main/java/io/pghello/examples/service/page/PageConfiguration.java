// SPDX-License-Identifier: MIT
package io.pghello.examples.service.page;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.core.io.Resource;
import org.springframework.http.CacheControl;
import org.springframework.util.DigestUtils;
import org.springframework.web.servlet.config.annotation.ResourceHandlerRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** Allows browsers to cache files and to revalidate them with ETags. */
@Configuration(proxyBeanMethods = false)
@Order(-1) // replaces Spring Boot's handler
class PageConfiguration implements WebMvcConfigurer {
  @Override
  public void addResourceHandlers(ResourceHandlerRegistry registry) {
    registry
        .addResourceHandler("/**")
        .addResourceLocations("classpath:/static/")
        .setCacheControl(CacheControl.noCache())
        // all files in a jar have the same date, regardless of their contents
        .setUseLastModified(false)
        .setEtagGenerator(PageConfiguration::tagOf);
  }

  // return a weak ETag, because the response may be compressed
  private static String tagOf(Resource file) {
    try (InputStream content = file.getInputStream()) {
      return "W/\"" + DigestUtils.md5DigestAsHex(content) + '"';
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
