SwaggerUIBundle({
  url: "/api/schema",
  dom_id: "#reader",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  persistAuthorization: true,
  displayRequestDuration: true,
  validatorUrl: null,
});
