{{- define "rolecall.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "rolecall.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "rolecall.allLabels" -}}
{{ include "rolecall.labels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "rolecall.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{- define "rolecall.arn" -}}
{{- required (printf "%s is required" .name) .value -}}
{{- end -}}

{{- define "rolecall.region" -}}
{{- default (index (splitList ":" .Values.trustAnchorArn) 3) .Values.region -}}
{{- end -}}

{{- define "rolecall.isNative" -}}
{{- if eq (toString .Values.nativeSidecar) "auto" -}}
{{- if semverCompare ">=1.29.0-0" .Capabilities.KubeVersion.Version -}}yes{{- end -}}
{{- else if .Values.nativeSidecar -}}yes
{{- end -}}
{{- end -}}

{{- define "rolecall.hasFiles" -}}
{{- if ne .Values.identity.source "spiffe" -}}yes{{- end -}}
{{- end -}}

{{/* The lines of the configuration file that say where the certificate is. */}}
{{- define "rolecall.certificateLines" -}}
{{- $identity := .Values.identity -}}
{{- if eq $identity.source "spiffe" -}}
certificate = "spiffe:unix:///spiffe/{{ $identity.spiffe.socket }}{{ with $identity.spiffe.id }}?id={{ . }}{{ end }}"
{{- else if eq $identity.source "csi" -}}
certificate = "/identity/{{ $identity.csi.certificateFile }}"
private-key = "/identity/{{ $identity.csi.keyFile }}"
{{- else -}}
certificate = "/identity/tls.crt"
private-key = "/identity/tls.key"
{{- end -}}
{{- end -}}

{{- define "rolecall.identityVolume" -}}
{{- $identity := .Values.identity -}}
- name: identity
{{- if eq $identity.source "certManager" }}
  secret: {secretName: {{ include "rolecall.name" . }}-identity, defaultMode: 0440}
{{- else if eq $identity.source "secret" }}
  secret: {secretName: {{ required "identity.secret.name is required" $identity.secret.name }}, defaultMode: 0440}
{{- else if eq $identity.source "csi" }}
  csi:
    driver: {{ $identity.csi.driver }}
    readOnly: true
    volumeAttributes:
    {{- if $identity.csi.attributes }}
      {{- toYaml $identity.csi.attributes | nindent 6 }}
    {{- else }}
      csi.cert-manager.io/issuer-kind: {{ $identity.certManager.issuerRef.kind }}
      csi.cert-manager.io/issuer-name: {{ $identity.certManager.issuerRef.name }}
      {{- with $identity.certManager.issuerRef.group }}
      csi.cert-manager.io/issuer-group: {{ . }}
      {{- end }}
      csi.cert-manager.io/common-name: {{ default .Release.Name $identity.certManager.commonName | quote }}
      csi.cert-manager.io/key-usages: digital signature,client auth
      csi.cert-manager.io/duration: {{ $identity.certManager.duration }}
      csi.cert-manager.io/renew-before: {{ $identity.certManager.renewBefore }}
      csi.cert-manager.io/certificate-file: {{ $identity.csi.certificateFile }}
      csi.cert-manager.io/privatekey-file: {{ $identity.csi.keyFile }}
      csi.cert-manager.io/fs-group: {{ .Values.user | quote }}
    {{- end }}
{{- else if $identity.spiffe.hostPath }}
  hostPath: {path: {{ $identity.spiffe.hostPath }}, type: Directory}
{{- else }}
  csi: {driver: {{ $identity.spiffe.driver }}, readOnly: true}
{{- end }}
{{- end -}}

{{- define "rolecall.mounts" -}}
- {name: identity, mountPath: {{ if include "rolecall.hasFiles" . }}/identity{{ else }}/spiffe{{ end }}, readOnly: true}
- {name: config, mountPath: /config, readOnly: true}
{{- end -}}

{{- define "rolecall.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .Values.user }}
runAsGroup: {{ .Values.user }}
fsGroup: {{ .Values.user }}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "rolecall.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* The probes of serve. It tries again by itself, so there is no livenessProbe. */}}
{{- define "rolecall.probes" -}}
startupProbe:
  exec: {command: [/rolecall, health, --config=/config/config.toml]}
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: 60
readinessProbe:
  exec: {command: [/rolecall, health, --config=/config/config.toml]}
  periodSeconds: 30
  timeoutSeconds: 5
  failureThreshold: 2
{{- end -}}

{{/* What every pod has. */}}
{{- define "rolecall.pod" -}}
automountServiceAccountToken: {{ .Values.automountServiceAccountToken }}
{{- with .Values.serviceAccountName }}
serviceAccountName: {{ . }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "rolecall.podSecurity" . | nindent 2 }}
{{- end -}}

{{/* A container of rolecall, without its name and its own lines. */}}
{{- define "rolecall.container" -}}
image: {{ include "rolecall.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- if or (eq .Values.mode "update") .Values.env }}
env:
  {{- if eq .Values.mode "update" }}
  - {name: AWS_SHARED_CREDENTIALS_FILE, value: /aws/credentials}
  {{- end }}
  {{- with .Values.env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  {{- include "rolecall.containerSecurity" . | nindent 2 }}
{{- end -}}

{{/* The container that runs beside the application. */}}
{{- define "rolecall.beside" -}}
- name: rolecall
  {{- include "rolecall.container" . | nindent 2 }}
  {{- if include "rolecall.isNative" . }}
  restartPolicy: Always
  {{- end }}
  {{- if eq .Values.mode "update" }}
  args: [update, --config=/config/config.toml]
  {{- else }}
  args: [serve, --config=/config/config.toml]
  {{- include "rolecall.probes" . | nindent 2 }}
  {{- if .Values.metrics.enabled }}
  ports:
    - {name: metrics, containerPort: {{ .Values.metrics.port }}}
  {{- end }}
  {{- end }}
  volumeMounts:
    {{- include "rolecall.mounts" . | nindent 4 }}
    {{- if eq .Values.mode "update" }}
    - {name: aws, mountPath: /aws}
    {{- else }}
    - {name: token, mountPath: /run/rolecall}
    {{- end }}
{{- end -}}
